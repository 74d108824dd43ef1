import { resolve } from 'node:path';

import { Command, CommanderError, Option } from 'commander';

import { EVALUATE_OPTION_SPECS, EXPORT_OPTION_SPECS } from './command-options.js';
import { runEvaluation, type EvaluateOptions } from './evaluate.js';
import { exportModel } from './export-model.js';
import { flagOf, type OptionSpec, parseOption } from './option-spec.js';
import { defaultOutputDir } from './output-folder.js';
import type { Progress } from './progress.js';
import { runTraining } from './train.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

export interface CliDependencies {
  /** Folder that relative paths on the command line are meant from. */
  readonly cwd: string;
  /** The model that ships, the start of a training whose user names no other. */
  readonly shippedModel: string;
  readonly progress: Progress;
  readonly write: (text: string) => void;
  readonly stopRequested: () => boolean;
}

export const EXIT_INTERRUPTED = 130;

/** Runs one command line and returns the exit code. Throws what the command throws. */
export async function runCli(argv: readonly string[], dependencies: CliDependencies): Promise<number> {
  let exitCode = 0;
  const program = new Command('marquee').description('Train, evaluate and export movie-review sentiment models.');
  const command = (name: string, description: string, specs: Readonly<Record<string, OptionSpec>>, run: Action): void => {
    const child = program.command(name).description(description);
    for (const [option, spec] of Object.entries(specs)) child.addOption(toCommanderOption(option, spec, dependencies.cwd));
    child.action(async (parsed: Record<string, unknown>) => {
      exitCode = await run(withDefaults(specs, parsed));
    });
  };
  command('train', 'fine-tune a model on a CSV of reviews', TRAIN_OPTION_SPECS, (parsed) => train(parsed, dependencies));
  command('evaluate', 'measure a model on a CSV of reviews', EVALUATE_OPTION_SPECS, async (parsed) => {
    await runEvaluation(parsed as unknown as EvaluateOptions, dependencies.progress);
    return 0;
  });
  command('export', 'write the fp32 graph of a model, onnx/model.onnx', EXPORT_OPTION_SPECS, async ({ model }) => {
    await exportModel(String(model), dependencies.progress);
    return 0;
  });
  await parse(program, argv, dependencies.write);
  return exitCode;
}

type Action = (options: Record<string, unknown>) => Promise<number>;

async function train(parsed: Record<string, unknown>, { progress, stopRequested, shippedModel, cwd }: CliDependencies): Promise<number> {
  const options = {
    ...parsed,
    modelNameOrPath: parsed['modelNameOrPath'] ?? shippedModel,
    outputDir: parsed['outputDir'] ?? resolve(cwd, defaultOutputDir(new Date())),
  } as unknown as TrainOptions;
  const result = await runTraining(options, { progress, stopRequested });
  if ('manifest' in result) return 0;
  progress.say(`stopped; ${result.stoppedAt} holds the state. Go on with the same command and --resume-from-checkpoint --output-dir ${options.outputDir}`);
  return EXIT_INTERRUPTED;
}

function toCommanderOption(name: string, spec: OptionSpec, cwd: string): Option {
  const placeholder = spec.kind === 'flag' ? '' : spec.kind === 'path-or-flag' ? ' [path]' : ` <${spec.kind}>`;
  const shown = spec.fallback === undefined || spec.kind === 'flag' ? '' : ` (default: ${spec.fallback})`;
  const choices = spec.choices ? ` (${spec.choices.join(', ')})` : '';
  const option = new Option(`${flagOf(name)}${placeholder}`, `${spec.help}${choices}${shown}`);
  if (spec.required) option.makeOptionMandatory();
  const isPath = spec.kind === 'path' || spec.kind === 'path-or-flag';
  if (spec.kind !== 'flag') {
    option.argParser((value: string) => {
      const parsed = parseOption(name, spec, value);
      return isPath ? resolve(cwd, String(parsed)) : parsed;
    });
  }
  return option;
}

const withDefaults = (specs: Readonly<Record<string, OptionSpec>>, parsed: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(specs).map(([name, { fallback }]) => [name, parsed[name] ?? fallback]));

/** Commander's complaints become ours: it already names the option and the nearest one. */
async function parse(program: Command, argv: readonly string[], write: (text: string) => void): Promise<void> {
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: write, writeErr: () => undefined });
  }
  try {
    await program.parseAsync(argv.map(withHyphens), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    throw new TrainerError('INVALID_OPTION', `${error.message.replace(/^error: /, '')}; --help lists what there is`, { cause: error });
  }
}

/** Hugging Face writes `--max_seq_length`; both spellings are one. */
function withHyphens(argument: string): string {
  const [flag = '', ...value] = argument.split('=');
  return argument.startsWith('--') ? [flag.replaceAll('_', '-'), ...value].join('=') : argument;
}
