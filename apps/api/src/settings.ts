import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ClassifierOptions } from '@marquee/model-core';
import { StartError } from './lifecycle/start-error.js';

/** All that can be set from outside, checked. */
export interface Settings {
  /** Absolute. */
  readonly modelDir: string;
  readonly port: number;
  readonly host: string;
  readonly device: NonNullable<ClassifierOptions['device']>;
  readonly graph: NonNullable<ClassifierOptions['graph']>;
  /** Threads of one run; undefined leaves it to the runtime, which takes one a core. */
  readonly threads: number | undefined;
}

interface SettingSpec {
  /** Command-line option, which wins over the variable. */
  readonly flag: string;
  readonly variable: string;
  readonly fallback: string | undefined;
  readonly help: string;
}

const SPECS = {
  model: {
    flag: 'model',
    variable: 'MARQUEE_MODEL',
    fallback: undefined,
    help: 'folder of the model (default: the one that ships)',
  },
  port: {
    flag: 'port',
    variable: 'PORT',
    fallback: '8000',
    help: 'port to listen on; 0 takes a free one (default: 8000)',
  },
  host: { flag: 'host', variable: 'HOST', fallback: '127.0.0.1', help: 'address to listen on (default: 127.0.0.1)' },
  device: { flag: 'device', variable: 'MARQUEE_DEVICE', fallback: 'auto', help: 'auto, cpu or cuda (default: auto)' },
  graph: { flag: 'graph', variable: 'MARQUEE_GRAPH', fallback: 'auto', help: 'auto, int8 or fp32 (default: auto)' },
  threads: {
    flag: 'threads',
    variable: 'MARQUEE_THREADS',
    fallback: undefined,
    help: 'threads of one run, 1 to 256 (default: one a core)',
  },
} as const satisfies Record<string, SettingSpec>;

export interface SettingsSource {
  /** Without the program and its file. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative model folders start here. */
  readonly cwd: string;
  readonly defaultModelDir: string;
}

export type SettingsRequest =
  { readonly kind: 'help'; readonly text: string } | { readonly kind: 'serve'; readonly settings: Settings };

/** Reads the settings: option, else variable that is not empty, else default. Throws StartError INVALID_SETTINGS. */
export function resolveSettings({ argv, env, cwd, defaultModelDir }: SettingsSource): SettingsRequest {
  const options = parseOptions(argv);
  if (options['help'] === true) return { kind: 'help', text: describeSettings() };
  const read = (name: keyof typeof SPECS): Reading => {
    const { flag, variable, fallback } = SPECS[name];
    const option = options[flag];
    if (typeof option === 'string') return { source: `--${flag}`, value: option };
    return { source: variable, value: env[variable] || fallback };
  };
  const model = read('model');
  if (model.value === '') throw invalid(model, 'a folder');
  return {
    kind: 'serve',
    settings: {
      modelDir: model.value === undefined ? defaultModelDir : resolve(cwd, model.value),
      port: toInteger(read('port'), 0, 65_535) ?? 0,
      host: toHost(read('host')),
      device: toChoice(read('device'), ['auto', 'cpu', 'cuda']),
      graph: toChoice(read('graph'), ['auto', 'int8', 'fp32']),
      threads: toInteger(read('threads'), 1, 256),
    },
  };
}

/** A value and where it was set. */
interface Reading {
  readonly source: string;
  readonly value: string | undefined;
}

function parseOptions(argv: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const flags = Object.values(SPECS).map(({ flag }) => [flag, { type: 'string' }] as const);
  try {
    return parseArgs({ args: [...argv], options: { ...Object.fromEntries(flags), help: { type: 'boolean' } } }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('.')[0] : String(cause);
    throw new StartError('INVALID_SETTINGS', `${message}: --help lists the options.`, { cause });
  }
}

function describeSettings(): string {
  const lines = Object.values(SPECS).map(
    ({ flag, variable, help }) => `  --${flag.padEnd(8)} ${variable.padEnd(16)} ${help}`,
  );
  return ['Serves a model over HTTP. Options, and the environment variables that stand for them:', ...lines, ''].join(
    '\n',
  );
}

function toInteger({ source, value }: Reading, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw invalid({ source, value }, `an integer from ${min} to ${max}`);
}

function toHost(reading: Reading): string {
  const { value } = reading;
  if (value !== undefined && /^[\w.:%-]+$/.test(value)) return value;
  throw invalid(reading, 'an address or a host name');
}

function toChoice<Choice extends string>(reading: Reading, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === reading.value);
  if (choice !== undefined) return choice;
  throw invalid(reading, `one of ${choices.join(', ')}`);
}

function invalid({ source, value }: Reading, expectation: string): StartError {
  return new StartError('INVALID_SETTINGS', `${source} must be ${expectation}, got ${JSON.stringify(value)}.`);
}
