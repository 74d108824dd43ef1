import { type Command, CommanderError, Option } from 'commander';

import { nearestName } from './nearest-name.js';
import { readOptionFile } from './option-file.js';
import { flagOf, type OptionSpec, type OptionSpecs, parseOption } from './option-spec.js';
import { TrainerError } from './trainer-error.js';

/** The option of every command that names a file with further ones. */
const CONFIG_SPEC: OptionSpec = {
  kind: 'path',
  help: 'YAML file with options by their names; options on the command line override it',
};

/** Gives a command the options of a table of specs, and `--config`. Relative paths are meant from `cwd`. */
export function addOptions(command: Command, specs: OptionSpecs, cwd: string): void {
  for (const [name, spec] of Object.entries({ config: CONFIG_SPEC, ...specs })) {
    command.addOption(toCommanderOption(name, spec, cwd));
    // Takes back what a file says.
    if (spec.kind === 'flag') command.addOption(new Option(flagOf(name).replace('--', '--no-')).hideHelp());
  }
}

/** The options of a command: the command line's, then those of its `--config` file, then the defaults. Throws `INVALID_OPTION`. */
export async function resolveOptions(
  specs: OptionSpecs,
  { config, ...given }: Readonly<Record<string, unknown>>,
  cwd: string,
): Promise<Record<string, unknown>> {
  const fromFile = typeof config === 'string' ? await readOptionFile(config, specs, cwd) : {};
  const named: Readonly<Record<string, unknown>> = { ...fromFile, ...given };
  const options = Object.entries(specs).map(([name, { fallback, unlessGiven }]) => {
    const hasFallback = unlessGiven === undefined || named[unlessGiven] === undefined;
    return [name, named[name] ?? (hasFallback ? fallback : undefined)] as const;
  });
  const missing = options.find(([name, value]) => value === undefined && specs[name]?.required);
  if (missing === undefined) return Object.fromEntries(options);
  const [name] = missing;
  throw new TrainerError(
    'INVALID_OPTION',
    `${flagOf(name)}: expected a ${specs[name]?.kind}, got none; --help lists what there is`,
  );
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
  return kind === 'flag' ? option : option.argParser((value) => parseOption(flagOf(name), spec, value, cwd));
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
  for (const command of program.commands) command.showSuggestionAfterError(false); // `hintOn` has its own
  const words = argv.length === 0 ? ['--help'] : argv.flatMap(toWords);
  refuseRepeated(words);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const message = error.message.replace(/^error: /, '').replaceAll(/\s+/g, ' ');
    const hint = hintOn(error, program.commands.find((command) => command.name() === words[0]) ?? program);
    throw new TrainerError('INVALID_OPTION', `${message}${hint}; --help lists what there is`, { cause: error });
  }
}

/** What was most likely meant by an option that the command does not have. */
function hintOn({ code, message }: CommanderError, command: Command): string {
  if (code !== 'commander.unknownOption') return '';
  const unknown = /'--(.+)'/.exec(message)?.[1] ?? '';
  const names = command.options.filter(({ hidden }) => !hidden).map(({ long }) => (long ?? '').replace('--', ''));
  const nearest = nearestName(unknown, names);
  return nearest === undefined ? '' : ` (Did you mean --${nearest}?)`;
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
