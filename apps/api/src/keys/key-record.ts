import { SCOPES } from '../routes/route.js';
import type { Scope } from '../routes/route.js';

/** What is kept of a key, in a file of its own: `<id>.json`. */
export interface KeyRecord {
  readonly id: string;
  /** For people: who holds it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the whole key, in hexadecimal. */
  readonly sha256: string;
  /** RFC 3339, as the other two. */
  readonly created_at: string;
  readonly expires_at?: string;
  readonly revoked_at?: string;
}

export type KeyState = 'active' | 'expired' | 'revoked';

export function stateOfKey({ revoked_at, expires_at }: KeyRecord, nowMs: number): KeyState {
  if (revoked_at !== undefined) return 'revoked';
  return expires_at !== undefined && Date.parse(expires_at) <= nowMs ? 'expired' : 'active';
}

type Check = (value: unknown) => boolean;

const isTime: Check = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !!Date.parse(value);
const isOptionalTime: Check = (value) => value === undefined || isTime(value);
const isScopes: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((scope) => (SCOPES as readonly unknown[]).includes(scope));

/** By field: what it must be, in words and as a check. A field too many is let be, for later versions. */
const FIELDS: readonly (readonly [name: keyof KeyRecord, expectation: string, check: Check])[] = [
  ['id', '12 hexadecimal digits', (value) => typeof value === 'string' && /^[0-9a-f]{12}$/.test(value)],
  ['name', 'a string', (value) => typeof value === 'string'],
  ['scopes', `a list of ${SCOPES.join(', ')}`, isScopes],
  ['sha256', '64 hexadecimal digits', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)],
  ['created_at', 'an RFC 3339 time', isTime],
  ['expires_at', 'an RFC 3339 time', isOptionalTime],
  ['revoked_at', 'an RFC 3339 time', isOptionalTime],
];

/** Reads the text of a key's file. Throws an Error that says what is wrong with it, without quoting it. */
export function parseKeyRecord(text: string): KeyRecord {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON'); // the parser's own message quotes the file
  }
  if (typeof record !== 'object' || record === null) throw new Error('it is not a JSON object');
  for (const [name, expectation, check] of FIELDS) {
    if (!check((record as Record<string, unknown>)[name])) throw new Error(`${name} must be ${expectation}`);
  }
  return record as KeyRecord; // every field was checked
}
