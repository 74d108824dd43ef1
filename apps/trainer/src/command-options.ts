import type { EvaluateOptions } from './evaluate.js';
import type { OptionSpec } from './option-spec.js';
import type { SplitOptions } from './split-command.js';
import { TRAIN_OPTION_SPECS } from './train-options.js';

const { textColumnName, labelColumnName, groupColumn, dropDuplicates, maxEvalSamples, seed, threads } =
  TRAIN_OPTION_SPECS;

export const EVALUATE_OPTION_SPECS: Readonly<Record<keyof EvaluateOptions, OptionSpec>> = {
  model: { kind: 'path', help: 'folder of the model', required: true },
  testFile: { kind: 'path', help: 'CSV or CSV.gz with labeled reviews', required: true },
  outputDir: { kind: 'path', help: 'folder for evaluation_results.json; default a new runs/<time>' },
  graph: { kind: 'text', help: 'which graph of the model is measured', fallback: 'int8', choices: ['int8', 'fp32'] },
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
  seed,
};

export const EXPORT_OPTION_SPECS: Readonly<Record<'model', OptionSpec>> = {
  model: { kind: 'path', help: 'folder of the model', required: true },
};
