import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { BenchError } from './bench-error.js';

export interface OptionSpec {
  readonly kind: 'text' | 'path' | 'count' | 'flag';
  readonly help: string;
  /** Shown in the help; what absence means is the caller's. */
  readonly fallback?: string;
}

/** The options of one benchmark as given on its command line. */
export interface CommandOptions {
  text(name: string): string | undefined;
  /** A path that exists. */
  path(name: string): string | undefined;
  /** A positive integer. */
  count(name: string, fallback: number): number;
  flag(name: string): boolean;
  /** Words of a comma-separated list, each one of `known`; all of them where the option is not given. */
  list<Word extends string>(name: string, known: readonly Word[]): readonly Word[];
  /** The arguments that are no options, each one of `known`. */
  words<Word extends string>(known: readonly Word[]): readonly Word[];
}

/**
 * Runs a benchmark from its command line: `--help` prints the options, an error ends with one sentence and status 1. Arguments that are no options are
 * refused unless positionals are allowed.
 */
export async function runCommand(
  description: string,
  specs: Readonly<Record<string, OptionSpec>>,
  main: (options: CommandOptions) => Promise<void>,
  allowPositionals = false,
): Promise<void> {
  try {
    const given = readArguments({ ...specs, help: { kind: 'flag', help: 'print this' } }, allowPositionals);
    if (given.values['help'] === true) console.log(describe(description, specs));
    else await main(commandOptions(given));
  } catch (error) {
    const isKnown = error instanceof Error && 'code' in error;
    console.error(`bench: ${isKnown ? error.message : error instanceof Error ? error.stack : String(error)}`);
    process.exitCode = 1;
  }
}

interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

function readArguments(specs: Readonly<Record<string, OptionSpec>>, allowPositionals: boolean): Arguments {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { kind }]) => [
      name,
      { type: kind === 'flag' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  return parseArgs({ args: process.argv.slice(2), options, strict: true, allowPositionals });
}

function commandOptions({ values, positionals }: Arguments): CommandOptions {
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  return {
    text,
    path(name) {
      const path = text(name);
      if (path !== undefined && !existsSync(path)) throw invalid(name, 'a path that exists', path);
      return path;
    },
    count(name, fallback) {
      const given = text(name);
      const value = given === undefined ? fallback : Number(given);
      if (!Number.isSafeInteger(value) || value < 1) throw invalid(name, 'an integer of at least 1', given);
      return value;
    },
    flag: (name) => values[name] === true,
    list(name, known) {
      const given = text(name);
      return given === undefined ? known : given.split(',').map((word) => oneOf(known, word.trim(), `--${name}`));
    },
    words: (known) => positionals.map((word) => oneOf(known, word, 'the arguments')),
  };
}

function oneOf<Word extends string>(known: readonly Word[], word: string, subject: string): Word {
  const found = known.find((candidate) => candidate === word);
  if (found !== undefined) return found;
  throw new BenchError('INVALID_ARGUMENT', `${subject}: expected some of ${known.join(', ')}, got "${word}"`);
}

function describe(description: string, specs: Readonly<Record<string, OptionSpec>>): string {
  const lines = Object.entries(specs).map(([name, { kind, help, fallback }]) => {
    const flag = kind === 'flag' ? `--${name}` : `--${name} ${kind.toUpperCase()}`;
    return `  ${flag.padEnd(24)} ${help}${fallback === undefined ? '' : ` (default: ${fallback})`}`;
  });
  return `${description}\n\n${lines.join('\n')}`;
}

const invalid = (name: string, expectation: string, actual: string | undefined): BenchError =>
  new BenchError('INVALID_ARGUMENT', `--${name}: expected ${expectation}, got ${JSON.stringify(actual)}`);
