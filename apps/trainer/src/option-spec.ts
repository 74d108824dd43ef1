import { TrainerError } from './trainer-error.js';

/** `paths` are separated by commas. A `flag` is there or not; a `boolean` may also be given as `--name false`, for options that are true by default. */
type OptionKind = 'path' | 'paths' | 'text' | 'integer' | 'number' | 'flag' | 'boolean' | 'path-or-flag';

export interface OptionSpec {
  readonly kind: OptionKind;
  readonly help: string;
  readonly required?: boolean;
  readonly fallback?: string | number | boolean;
  readonly choices?: readonly string[];
  /** Inclusive. */
  readonly least?: number;
  /** Exclusive. */
  readonly below?: number;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** `maxSeqLength` to `--max-seq-length`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Reads one value as its option's kind. Throws `INVALID_OPTION` with the flag, what was expected and what was given. */
export function parseOption(name: string, spec: OptionSpec, value: string): string | number | boolean {
  const refuse = (expectation: string): TrainerError =>
    new TrainerError('INVALID_OPTION', `${flagOf(name)}: expected ${expectation}, got ${JSON.stringify(value)}`);
  if (spec.choices && !spec.choices.includes(value)) throw refuse(`one of ${spec.choices.join(', ')}`);
  if (spec.kind === 'boolean') {
    if (value !== 'true' && value !== 'false') throw refuse('true or false');
    return value === 'true';
  }
  if (spec.kind !== 'integer' && spec.kind !== 'number') {
    if (value === '') throw refuse('a value');
    return value;
  }
  const number = value.trim() === '' ? NaN : Number(value);
  const { least = -Infinity, below = Infinity } = spec;
  const range = `${least === -Infinity ? '' : ` of at least ${least}`}${below === Infinity ? '' : ` below ${below}`}`;
  const isKind = spec.kind === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number);
  if (!isKind || number < least || number >= below)
    throw refuse(`${spec.kind === 'integer' ? 'an integer' : 'a number'}${range}`);
  return number;
}
