import { join, resolve } from 'node:path';

import { Command } from 'commander';

import { runBlend } from './blend.js';
import { BLEND_OPTION_SPECS, type BlendOptions } from './blend-options.js';
import type { CliCommand, CliDependencies } from './cli-command.js';
import { addOptions, parseCommandLine, resolveOptions } from './command-line.js';
import {
  COMPARE_OPTION_SPECS,
  EXPLORE_OPTION_SPECS,
  SCORE_OPTION_SPECS,
  EVALUATE_OPTION_SPECS,
  EXPORT_OPTION_SPECS,
  QUANTIZE_OPTION_SPECS,
  SPLIT_OPTION_SPECS,
} from './command-options.js';
import { type CompareOptions, runComparison } from './compare.js';
import { runDistillation } from './distil.js';
import { DISTIL_OPTION_SPECS, type DistilOptions } from './distil-options.js';
import { type EvaluateOptions, runEvaluation } from './evaluate.js';
import { type ExploreOptions, runExploration } from './explore.js';
import { exportModel, EXPORTS } from './export-model.js';
import { flagOf } from './option-spec.js';
import { defaultOutputDir } from './output-folder.js';
import type { Progress } from './progress.js';
import { runPretraining } from './pretrain.js';
import { PRETRAIN_OPTION_SPECS, type PretrainOptions } from './pretrain-options.js';
import { type QuantizeOptions, runQuantization } from './quantize.js';
import { createFiveSteps, type FiveSteps } from './report/five-steps.js';
import { RESULTS_FOLDER } from './report/result-files.js';
import { withRunDefaults, withTrainingData } from './run-defaults.js';
import { runScoring, type ScoreOptions } from './score.js';
import { runSplit, type SplitOptions } from './split-command.js';
import { RUNS_COMMAND } from './tracking/runs-command.js';
import { runTraining, type TrainResult } from './train.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from './train-options.js';
import { EXIT_CODES } from './trainer-error.js';
import { TUNE_COMMAND } from './tune/tune-command.js';

const COMMANDS: Readonly<Record<string, CliCommand>> = {
  explore: {
    description: 'look at files of reviews before training: a report, and pictures',
    specs: EXPLORE_OPTION_SPECS,
    example: '--train-file reviews.csv --test-file more-reviews.csv --output-dir runs/data',
    async run(parsed, dependencies) {
      const outputDir = parsed['outputDir'] ?? resolve(dependencies.cwd, RESULTS_FOLDER);
      const options = withRunDefaults({ ...parsed, outputDir }, dependencies) as unknown as ExploreOptions; // each value was parsed as its spec says
      await runExploration(options, dependencies);
      return 0;
    },
  },
  split: {
    description: 'check a file of reviews, report on it and divide it as train --data-file does',
    specs: SPLIT_OPTION_SPECS,
    example: '--data-file reviews.csv --output-dir runs/data',
    run: async (parsed, { cwd, progress }) => {
      const outputDir = parsed['outputDir'] ?? resolve(cwd, defaultOutputDir(new Date()));
      // Each value was parsed as its spec says.
      await runSplit({ ...parsed, outputDir } as unknown as SplitOptions, progress);
      return 0;
    },
  },
  train: {
    description: 'fine-tune a model on a CSV of reviews',
    specs: TRAIN_OPTION_SPECS,
    example: '--train-file reviews.csv --test-file more-reviews.csv --output-dir runs/first',
    run: train,
  },
  pretrain: {
    description: 'go on training a model as a masked language model, on text without labels',
    specs: PRETRAIN_OPTION_SPECS,
    example: '--train-file unlabelled.csv.gz,reviews.csv --max-train-tokens 4000000 --output-dir runs/pretrained',
    run: pretrain,
  },
  distil: {
    description: 'train a model on the answers of others, including those to unlabeled reviews',
    specs: DISTIL_OPTION_SPECS,
    example:
      '--teacher runs/first,runs/second --train-file reviews.csv --unlabeled-file more.csv --output-dir runs/student',
    run: distil,
  },
  evaluate: {
    description: 'measure a model on a CSV of reviews: figures, pictures, samples and a report',
    specs: EVALUATE_OPTION_SPECS,
    example: '--model runs/first --test-file more-reviews.csv --output-dir runs/first-evaluated',
    run: evaluate,
  },
  compare: {
    description: 'compare two models on a CSV of reviews: paired tests, and the reviews that only one has right',
    specs: COMPARE_OPTION_SPECS,
    operands: ['<a>', '<b>'],
    example: 'runs/first runs/second --test-file more-reviews.csv',
    run: compare,
  },
  quantize: {
    description: 'make the int8 graph of a model anew and publish it if it answers as the fp32 graph does',
    specs: QUANTIZE_OPTION_SPECS,
    example: '--model runs/first --test-file more-reviews.csv',
    run: quantize,
  },
  score: {
    description: 'write what a model says of each review of a file',
    specs: SCORE_OPTION_SPECS,
    example: '--model runs/first --data-file reviews.csv --output-file predictions.csv',
    async run(parsed, dependencies) {
      await runScoring(parsed as unknown as ScoreOptions, dependencies); // each value was parsed as its spec says
      return 0;
    },
  },
  blend: {
    description: 'fit a linear model, and blend it with trained models or let it answer first, in a cascade',
    specs: BLEND_OPTION_SPECS,
    example: '--model runs/first --train-file reviews.csv --output-dir runs/cascade',
    async run(parsed, dependencies) {
      const model = parsed['model'] ?? [dependencies.shippedModel];
      await runBlend(withOutputDir({ ...parsed, model }, dependencies) as unknown as BlendOptions, dependencies);
      return 0;
    },
  },
  export: {
    description:
      'write the fp32 graph of a model, onnx/model.onnx, and its gradients for explanations, onnx/saliency.onnx',
    specs: EXPORT_OPTION_SPECS,
    example: '--model runs/first',
    run: async ({ model, only }, { progress }) => {
      await exportModel(
        String(model),
        progress,
        EXPORTS.filter((each) => only === undefined || only === each),
      );
      return 0;
    },
  },
  tune: TUNE_COMMAND,
  runs: RUNS_COMMAND,
};

/** Runs one command line and returns the exit code. Throws what the command throws. */
export async function runCli(argv: readonly string[], dependencies: CliDependencies): Promise<number> {
  let exitCode = 0;
  const program = new Command('marquee').description('Train, evaluate and export movie-review sentiment models.');
  for (const [name, command] of Object.entries(COMMANDS)) {
    const child = program.command(name).description(command.description);
    addOptions(child, command.specs, dependencies.cwd);
    child.addHelpText('after', `\n--a_b is taken like --a-b.\n\nExample:\n  npm run ${name} -- ${command.example}`);
    for (const operand of command.operands ?? []) child.argument(operand);
    child.action(async () => {
      const options = await resolveOptions(command.specs, child.opts<Record<string, unknown>>(), dependencies.cwd);
      exitCode = await command.run(options, dependencies, child.args);
    });
  }
  await parseCommandLine(program, argv, dependencies.write);
  return exitCode;
}

async function train(parsed: Readonly<Record<string, unknown>>, dependencies: CliDependencies): Promise<number> {
  // Each value was parsed as its spec says.
  const options = withTrainingData(withRunDefaults(parsed, dependencies), dependencies) as unknown as TrainOptions;
  const observer = beginFiveSteps(parsed, dependencies);
  const result = await runTraining(options, { ...dependencies, observer });
  return endOf(result, 'train', parsed, options, dependencies.progress);
}

function beginFiveSteps({ outputDir }: Readonly<Record<string, unknown>>, { cwd, write }: CliDependencies): FiveSteps {
  const fiveSteps = createFiveSteps({ resultsDir: resultsDirFor(outputDir, cwd), cwd, write });
  fiveSteps.begin();
  return fiveSteps;
}

async function pretrain(parsed: Readonly<Record<string, unknown>>, dependencies: CliDependencies): Promise<number> {
  const options = withRunDefaults(parsed, dependencies) as unknown as PretrainOptions; // as for `train`
  return endOf(await runPretraining(options, dependencies), 'pretrain', parsed, options, dependencies.progress);
}

async function distil(parsed: Readonly<Record<string, unknown>>, dependencies: CliDependencies): Promise<number> {
  const teacherCacheDir = parsed['teacherCacheDir'] ?? dependencies.teacherCacheDir;
  const options = { ...withRunDefaults(parsed, dependencies), teacherCacheDir } as unknown as DistilOptions; // as for `train`
  const observer = beginFiveSteps(parsed, dependencies);
  return endOf(
    await runDistillation(options, { ...dependencies, observer }),
    'distil',
    parsed,
    options,
    dependencies.progress,
  );
}

/** The exit code of a training, and, where it was stopped, the words that say how to go on. */
function endOf(
  result: TrainResult,
  command: 'train' | 'pretrain' | 'distil',
  parsed: Readonly<Record<string, unknown>>,
  { outputDir }: Pick<TrainOptions, 'outputDir'>,
  progress: Progress,
): number {
  if ('manifest' in result) return 0;
  progress.say(
    `stopped; ${result.stoppedAt} holds the state. Go on with: ${resumeCommand(command, parsed, outputDir)}`,
  );
  return EXIT_CODES.INTERRUPTED;
}

/** In the folder that the user named, else where the user stands. */
const resultsDirFor = (outputDir: unknown, cwd: string): string =>
  typeof outputDir === 'string' ? join(outputDir, RESULTS_FOLDER) : resolve(cwd, RESULTS_FOLDER);

async function evaluate(parsed: Readonly<Record<string, unknown>>, dependencies: CliDependencies): Promise<number> {
  await runEvaluation(withOutputDir(parsed, dependencies) as unknown as EvaluateOptions, dependencies);
  return 0;
}

async function compare(
  parsed: Readonly<Record<string, unknown>>,
  dependencies: CliDependencies,
  operands: readonly string[],
): Promise<number> {
  const [a, b] = operands.map((path) => resolve(dependencies.cwd, path));
  await runComparison(withOutputDir({ ...parsed, a, b }, dependencies) as unknown as CompareOptions, dependencies);
  return 0;
}

async function quantize(parsed: Readonly<Record<string, unknown>>, dependencies: CliDependencies): Promise<number> {
  await runQuantization(withOutputDir(parsed, dependencies) as unknown as QuantizeOptions, dependencies);
  return 0;
}

/** The options of a command that writes into a folder; each value was parsed as its spec says. */
function withOutputDir(parsed: Readonly<Record<string, unknown>>, { cwd }: CliDependencies): Record<string, unknown> {
  return { ...parsed, outputDir: parsed['outputDir'] ?? resolve(cwd, defaultOutputDir(new Date())) };
}

/** The command that goes on where this run stopped, to be copied. */
function resumeCommand(command: string, parsed: Readonly<Record<string, unknown>>, outputDir: string): string {
  const replaced = ['outputDir', 'overwriteOutputDir', 'resumeFromCheckpoint'];
  const given = Object.entries(COMMANDS[command]?.specs ?? {}).filter(
    ([name, { fallback }]) => !replaced.includes(name) && parsed[name] !== undefined && parsed[name] !== fallback,
  );
  const kept = given.flatMap(([name, { kind }]) => {
    if (kind === 'flag') return [parsed[name] === true ? flagOf(name) : flagOf(name).replace('--', '--no-')];
    return [flagOf(name), shellWord(String(parsed[name]))];
  });
  // Named, the output folder would be that of the results, too.
  const where =
    parsed['outputDir'] === undefined
      ? ['--resume-from-checkpoint', shellWord(outputDir)]
      : ['--output-dir', shellWord(outputDir), '--resume-from-checkpoint'];
  return [`npm run ${command} --`, ...kept, ...where].join(' ');
}

const shellWord = (text: string): string =>
  /^[\w./:+=@,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
