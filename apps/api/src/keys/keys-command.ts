import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartError } from '../lifecycle/start-error.js';
import { SCOPES } from '../routes/route.js';
import type { Scope } from '../routes/route.js';
import { readKeyFiles, unreadableKeys, writeKeyFile } from './key-files.js';
import { stateOfKey } from './key-record.js';
import type { KeyRecord } from './key-record.js';
import { createToken } from './key-token.js';

export interface KeysDependencies {
  /** `MARQUEE_KEYS_DIR`, where it is set. */
  readonly keysDir: string | undefined;
  readonly defaultKeysDir: string;
  /** Relative directories start here. */
  readonly cwd: string;
  readonly now: () => Date;
  /** What was asked for: nothing but a key, or the list. */
  readonly write: (text: string) => void;
  /** What is to be said about it. */
  readonly say: (sentence: string) => void;
}

const HELP = `Keys of the API: each lets its holder do what its scopes say (${SCOPES.join(', ')}).

  npm run keys -- create --name NAME [--scopes predict,explain] [--expires-days 90]
  npm run keys -- list
  npm run keys -- revoke ID
  npm run keys -- rotate ID [--grace-hours 24]      a new key like this one, which ends after the grace (0: now)

  --keys-dir DIR, or MARQUEE_KEYS_DIR               where they are kept; a running server notices changes within seconds
  --scopes LIST                                     default: predict
  --expires-days N                                  default: the key does not expire
`;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const OPTIONS = {
  'keys-dir': { type: 'string' },
  name: { type: 'string' },
  scopes: { type: 'string', default: 'predict' },
  'expires-days': { type: 'string' },
  'grace-hours': { type: 'string', default: '24' },
  help: { type: 'boolean', default: false },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

interface Request {
  readonly dir: string;
  readonly operands: readonly string[];
  readonly options: Options;
  readonly dependencies: KeysDependencies;
}

const ACTIONS: Readonly<Record<string, (request: Request) => Promise<void>>> = { create, list, revoke, rotate };

/** Runs `keys create|list|revoke|rotate`. Throws StartError INVALID_SETTINGS or KEYS_UNUSABLE. */
export async function runKeysCommand(argv: readonly string[], dependencies: KeysDependencies): Promise<void> {
  const { options, positionals } = parse(argv);
  const [name = '', ...operands] = positionals;
  if (options.help) {
    dependencies.write(HELP);
    return;
  }
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw invalid(`Expected keys ${Object.keys(ACTIONS).join(', ')} or --help, got "${name}".`);
  const { cwd, defaultKeysDir } = dependencies;
  const dir = resolve(cwd, options['keys-dir'] ?? (dependencies.keysDir || defaultKeysDir));
  await action({ dir, operands, options, dependencies });
}

function parse(argv: readonly string[]): { readonly options: Options; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    return { options: values, positionals };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('.')[0] : String(cause);
    throw invalid(`${message}: keys --help lists the options.`);
  }
}

async function create({ dir, options, dependencies }: Request): Promise<void> {
  const { name } = options;
  if (name === undefined || name.trim() === '') throw invalid('--name must say who holds the key, got none.');
  const days = toNumber('--expires-days', options['expires-days'], 36_500);
  const now = dependencies.now();
  const expiry = days === undefined ? undefined : new Date(now.getTime() + days * DAY_MS);
  await issue({ name, scopes: toScopes(options.scopes), expiry }, dir, dependencies);
}

async function list({ dir, dependencies }: Request): Promise<void> {
  const { records, broken } = await readKeys(dir);
  const nowMs = dependencies.now().getTime();
  const rows = [
    ['ID', 'NAME', 'SCOPES', 'STATE', 'CREATED', 'EXPIRES'],
    ...records.map((record) => [
      record.id,
      record.name,
      record.scopes.join(','),
      stateOfKey(record, nowMs),
      record.created_at,
      record.expires_at ?? 'never',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  dependencies.write(lines.map((line) => `${line.trimEnd()}\n`).join(''));
  for (const { file, reason } of broken) dependencies.say(`${file} is no key: ${reason}.`);
}

async function revoke({ dir, operands, dependencies }: Request): Promise<void> {
  const record = await findKey(dir, operands);
  const revoked_at = record.revoked_at ?? dependencies.now().toISOString();
  await writeKeyFile(dir, { ...record, revoked_at });
  dependencies.say(`Key ${record.id} (${record.name}) opens nothing any more.`);
}

async function rotate({ dir, operands, options, dependencies }: Request): Promise<void> {
  const record = await findKey(dir, operands);
  const graceHours = toNumber('--grace-hours', options['grace-hours'], 8_760) ?? 0;
  const now = dependencies.now();
  if (stateOfKey(record, now.getTime()) !== 'active') {
    throw invalid(`Key ${record.id} must be active to be rotated: it is ${stateOfKey(record, now.getTime())}.`);
  }
  await issue({ ...record, expiry: renewedExpiry(record, now) }, dir, dependencies);
  const endMs = Math.min(now.getTime() + graceHours * HOUR_MS, Date.parse(record.expires_at ?? '9999-12-31'));
  await writeKeyFile(dir, { ...record, expires_at: new Date(endMs).toISOString() });
  dependencies.say(`Key ${record.id} opens nothing from ${new Date(endMs).toISOString()} on.`);
}

/** The new key lives as long from now on as the old one was meant to. */
function renewedExpiry({ created_at, expires_at }: KeyRecord, now: Date): Date | undefined {
  if (expires_at === undefined) return undefined;
  return new Date(now.getTime() + Date.parse(expires_at) - Date.parse(created_at));
}

interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiry: Date | undefined;
}

async function issue({ name, scopes, expiry }: NewKey, dir: string, { now, write, say }: KeysDependencies) {
  const { id, token, hash } = createToken();
  const expires = expiry && { expires_at: expiry.toISOString() };
  await writeKeyFile(dir, { id, name, scopes, sha256: hash, created_at: now().toISOString(), ...expires });
  say(
    `Key ${id} (${name}) has the scopes ${scopes.join(', ')} and ${expiry ? `expires at ${expiry.toISOString()}` : 'does not expire'}. ` +
      'It is shown this once: only its hash is kept.',
  );
  write(`${token}\n`);
}

async function findKey(dir: string, operands: readonly string[]): Promise<KeyRecord> {
  const [id, ...more] = operands;
  if (id === undefined || more.length > 0) throw invalid(`Expected the id of one key, got ${operands.length}.`);
  const { records } = await readKeys(dir);
  const record = records.find((candidate) => candidate.id === id);
  if (record !== undefined) return record;
  // Somebody may have given the key itself: it is not repeated.
  throw invalid(`${dir} must hold the key that is named, but has none of that id: keys list shows those that it has.`);
}

async function readKeys(dir: string): ReturnType<typeof readKeyFiles> {
  try {
    return await readKeyFiles(dir);
  } catch (cause) {
    throw unreadableKeys(dir, cause);
  }
}

function toScopes(list: string): readonly Scope[] {
  const names = [...new Set(list.split(',').map((name) => name.trim()))];
  const scopes = SCOPES.filter((scope) => names.includes(scope));
  if (scopes.length === names.length) return scopes;
  throw invalid(`--scopes must be some of ${SCOPES.join(', ')}, with commas between, got ${JSON.stringify(list)}.`);
}

function toNumber(option: string, value: string | undefined, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
  if (number <= max) return number;
  throw invalid(`${option} must be a number from 0 to ${max}, got ${JSON.stringify(value)}.`);
}

function invalid(message: string): StartError {
  return new StartError('INVALID_SETTINGS', message);
}
