import type { EvaluateOptions } from './evaluate.js';
import type { OptionSpec } from './option-spec.js';
import { TRAIN_OPTION_SPECS } from './train-options.js';

const { textColumnName, labelColumnName, maxEvalSamples, threads } = TRAIN_OPTION_SPECS;

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

export const EXPORT_OPTION_SPECS: Readonly<Record<'model', OptionSpec>> = {
  model: { kind: 'path', help: 'folder of the model', required: true },
};
