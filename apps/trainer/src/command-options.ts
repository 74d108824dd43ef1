import type { CompareOptions } from './compare.js';
import { DEFAULT_MARGIN } from './equivalence-gate.js';
import type { EvaluateOptions } from './evaluate.js';
import type { ExploreOptions } from './explore.js';
import { EXPORTS } from './export-model.js';
import type { OptionSpec } from './option-spec.js';
import type { QuantizeOptions } from './quantize.js';
import type { SplitOptions } from './split-command.js';
import type { ScoreOptions } from './score.js';
import { TRAIN_OPTION_SPECS } from './train-options.js';

const { textColumnName, labelColumnName, groupColumn, dropDuplicates, maxEvalSamples, seed, threads } =
  TRAIN_OPTION_SPECS;

export const EXPLORE_OPTION_SPECS: Readonly<Record<keyof ExploreOptions, OptionSpec>> = {
  dataFile: { kind: 'path', help: 'CSV or JSONL (or either as .gz) with labeled reviews' },
  trainFile: { kind: 'path', help: 'a file of training reviews: copies between it and the others are found' },
  validationFile: { kind: 'path', help: 'a file of validation reviews' },
  testFile: { kind: 'path', help: 'a file of test reviews' },
  outputDir: {
    kind: 'path',
    help: 'folder for data_report.json, eda_visualizations.png and report.html; default results',
  },
  modelNameOrPath: {
    kind: 'path-or-name',
    help: 'model whose tokens are counted, a folder or a name on the Hugging Face Hub; default the model that ships',
  },
  modelRevision: TRAIN_OPTION_SPECS.modelRevision,
  tokenCacheDir: TRAIN_OPTION_SPECS.tokenCacheDir,
  maxSeqLength: TRAIN_OPTION_SPECS.maxSeqLength,
  textColumnName,
  labelColumnName,
};

export const EVALUATE_OPTION_SPECS: Readonly<Record<keyof EvaluateOptions, OptionSpec>> = {
  model: { kind: 'path', help: 'folder of the model', required: true },
  testFile: { kind: 'path', help: 'CSV or JSONL (or either as .gz) with labeled reviews', required: true },
  trainFile: { kind: 'path', help: 'reviews to fit a linear baseline on, whose figures stand beside in the report' },
  outputDir: { kind: 'path', help: 'folder for evaluation_results.json, report.html, …; default a new runs/<time>' },
  graph: {
    kind: 'text',
    help: 'which graph of the model is measured',
    fallback: 'auto',
    choices: ['auto', 'int8', 'fp32'],
  },
  textColumnName,
  labelColumnName,
  maxEvalSamples,
  threads,
};

export const COMPARE_OPTION_SPECS: Readonly<Record<Exclude<keyof CompareOptions, 'a' | 'b'>, OptionSpec>> = {
  testFile: EVALUATE_OPTION_SPECS.testFile,
  outputDir: { kind: 'path', help: 'folder for comparison_results.json; default a new runs/<time>' },
  graph: { ...EVALUATE_OPTION_SPECS.graph, help: 'which graph of both models is compared' },
  textColumnName,
  labelColumnName,
  maxEvalSamples,
  threads,
};

export const QUANTIZE_OPTION_SPECS: Readonly<Record<keyof QuantizeOptions, OptionSpec>> = {
  model: EVALUATE_OPTION_SPECS.model,
  testFile: {
    kind: 'path',
    help: 'CSV or JSONL (or either as .gz) with the reviews that the graphs are compared on',
    required: true,
  },
  unlabeled: {
    kind: 'flag',
    help: 'the reviews have no labels: judge by flips and probabilities alone',
    fallback: false,
  },
  outputDir: { kind: 'path', help: 'folder for equivalence_report.json; default a new runs/<time>' },
  margin: {
    kind: 'number',
    help: 'percentage points of accuracy that the int8 graph may be off',
    fallback: DEFAULT_MARGIN,
    least: 0.01,
    below: 100,
  },
  textColumnName,
  labelColumnName,
  maxEvalSamples,
  threads,
};

export const SPLIT_OPTION_SPECS: Readonly<Record<keyof SplitOptions, OptionSpec>> = {
  dataFile: { kind: 'path', help: 'CSV or JSONL (or either as .gz) with labeled reviews', required: true },
  outputDir: { kind: 'path', help: 'folder for split.json and data_report.json; default a new runs/<time>' },
  textColumnName,
  labelColumnName,
  groupColumn,
  dropDuplicates,
  seed: { ...seed, help: 'decides which review goes where' },
  writeParts: { kind: 'flag', help: 'also write train.csv, validation.csv and test.csv', fallback: false },
};

export const EXPORT_OPTION_SPECS: Readonly<Record<'model' | 'only', OptionSpec>> = {
  model: { kind: 'path', help: 'folder of the model', required: true },
  only: { kind: 'text', help: 'write only this one; default both', choices: EXPORTS },
};

export const SCORE_OPTION_SPECS: Readonly<Record<keyof ScoreOptions, OptionSpec>> = {
  model: EVALUATE_OPTION_SPECS.model,
  dataFile: { kind: 'path', help: 'CSV or JSONL (or either as .gz) with reviews', required: true },
  outputFile: { kind: 'path', help: 'where predictions go, a .csv or .jsonl', required: true },
  graph: { ...EVALUATE_OPTION_SPECS.graph, help: 'which graph of the model answers' },
  textColumnName,
  labelColumnName: { kind: 'text', help: 'column of the label, where the accuracy is asked for' },
  threads,
};
