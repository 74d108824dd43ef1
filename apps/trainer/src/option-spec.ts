import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { isHubName } from './hub/hub-name.js';
import { TrainerError } from './trainer-error.js';

/**
 * `paths` are separated by commas; `path-or-name` is a path where there is something, or what cannot be the name of a model. A `flag` is there or not; a `boolean`
 * may also be given as `--name false`, for options that are true by default.
 */
type OptionKind =
  'path' | 'paths' | 'text' | 'integer' | 'number' | 'flag' | 'boolean' | 'path-or-flag' | 'path-or-name';

export interface OptionSpec {
  readonly kind: OptionKind;
  readonly help: string;
  readonly required?: boolean;
  readonly fallback?: string | number | boolean;
  /** Another option, beside which there is no fallback: the two exclude each other. */
  readonly unlessGiven?: string;
  readonly choices?: readonly string[];
  /** What may stand before a choice and says nothing. */
  readonly ignoredPrefix?: string;
  /** Inclusive. */
  readonly least?: number;
  /** Exclusive. */
  readonly below?: number;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What one option is given, by its kind. */
export type OptionValue = string | number | boolean | readonly string[];

/** `maxSeqLength` to `max-seq-length`. */
export const kebabOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `maxSeqLength` to `--max-seq-length`. */
export const flagOf = (name: string): string => `--${kebabOf(name)}`;

/**
 * Reads one value as its option's kind; relative paths are meant from `cwd`. Throws `INVALID_OPTION` with the subject (the flag, or the line of a file), what
 * was expected and what was given.
 */
export function parseOption(subject: string, spec: OptionSpec, value: string, cwd: string): OptionValue {
  const refuse = (expectation: string): TrainerError =>
    new TrainerError('INVALID_OPTION', `${subject}: expected ${expectation}, got ${JSON.stringify(value)}`);
  if (spec.choices) {
    const { choices, ignoredPrefix = '' } = spec;
    const chosen = value.startsWith(ignoredPrefix) ? value.slice(ignoredPrefix.length) : value;
    if (!choices.includes(chosen)) throw refuse(`one of ${choices.join(', ')}`);
    return chosen;
  }
  if (spec.kind === 'boolean') {
    if (value !== 'true' && value !== 'false') throw refuse('true or false');
    return value === 'true';
  }
  if (spec.kind !== 'integer' && spec.kind !== 'number') {
    if (value === '') throw refuse('a value');
    if (spec.kind === 'paths') return value.split(',').map((path) => resolve(cwd, path));
    if (spec.kind === 'path-or-name' && isHubName(value) && !existsSync(resolve(cwd, value))) return value;
    return spec.kind === 'text' ? value : resolve(cwd, value);
  }
  const number = value.trim() === '' ? NaN : Number(value);
  const { least = -Infinity, below = Infinity } = spec;
  const range = `${least === -Infinity ? '' : ` of at least ${least}`}${below === Infinity ? '' : ` below ${below}`}`;
  const isKind = spec.kind === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number);
  if (!isKind || number < least || number >= below)
    throw refuse(`${spec.kind === 'integer' ? 'an integer' : 'a number'}${range}`);
  return number;
}
