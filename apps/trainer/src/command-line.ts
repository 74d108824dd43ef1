import { resolve } from 'node:path';

import { type Command, CommanderError, Option } from 'commander';

import { flagOf, type OptionSpec, type OptionSpecs, parseOption } from './option-spec.js';
import { TrainerError } from './trainer-error.js';

/** Gives a command the options of a table of specs. Relative paths are meant from `cwd`. */
export function addOptions(command: Command, specs: OptionSpecs, cwd: string): void {
  for (const [name, spec] of Object.entries(specs)) command.addOption(toCommanderOption(name, spec, cwd));
}

/** What follows the flag in the help, where it is not the kind of a required value. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  flag: '',
  'path-or-flag': ' [path]',
  boolean: ' [true|false]',
};

function toCommanderOption(name: string, spec: OptionSpec, cwd: string): Option {
  const { kind, help, choices, fallback } = spec;
  const placeholder = PLACEHOLDERS[kind] ?? ` <${kind}>`;
  const choice = choices ? ` (${choices.join(', ')})` : '';
  const shownDefault = fallback === undefined || kind === 'flag' ? '' : ` (default: ${fallback})`;
  const option = new Option(`${flagOf(name)}${placeholder}`, `${help}${choice}${shownDefault}`);
  if (spec.required) option.makeOptionMandatory();
  if (kind === 'flag') return option;
  const isPath = kind === 'path' || kind === 'path-or-flag';
  return option.argParser((value: string) => {
    const parsed = parseOption(name, spec, value);
    if (kind === 'paths')
      return String(parsed)
        .split(',')
        .map((path) => resolve(cwd, path));
    return isPath ? resolve(cwd, String(parsed)) : parsed;
  });
}

/** Parses and runs. What commander complains about becomes an `INVALID_OPTION`; help goes to `write`. */
export async function parseCommandLine(
  program: Command,
  argv: readonly string[],
  write: (text: string) => void,
): Promise<void> {
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: write, writeErr: () => undefined });
  }
  const words = argv.length === 0 ? ['--help'] : argv.flatMap(toWords);
  refuseRepeated(words);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const message = error.message.replace(/^error: /, '').replaceAll(/\s+/g, ' ');
    throw new TrainerError('INVALID_OPTION', `${message}; --help lists what there is`, { cause: error });
  }
}

/** Hugging Face writes `--max_seq_length`; both spellings are one. `--seed=1` is taken apart, or a misspelled flag would be compared with its value. */
function toWords(argument: string): string[] {
  if (!argument.startsWith('--')) return [argument];
  const [flag = '', ...value] = argument.split('=');
  return value.length === 0 ? [flag.replaceAll('_', '-')] : [flag.replaceAll('_', '-'), value.join('=')];
}

/** The last one would win in silence, most likely not the one that was meant. */
function refuseRepeated(words: readonly string[]): void {
  const flags = words.filter((word) => word.startsWith('--'));
  const repeated = flags.find((flag, index) => flags.indexOf(flag) !== index);
  if (repeated === undefined) return;
  throw new TrainerError('INVALID_OPTION', `${repeated}: expected once, given more than once (--a_b is --a-b)`);
}
