import { join, relative } from 'node:path';

import type { EvaluationReport } from '../evaluation-report.js';
import type { FinishedTraining } from '../finish-training.js';
import type { SelectionMetric } from '../model-selection.js';
import type { DataPart, TrainingData } from '../prepare-data.js';
import type { ScoredPart, TrainingObserver } from '../training-observer.js';
import { evaluateScored } from './evaluated-part.js';
import { RESULT_FILES } from './result-files.js';
import { type Explored, exploreTraining, writeResults } from './training-results.js';

export interface FiveStepsOptions {
  /** Folder that the results are written to. */
  readonly resultsDir: string;
  /** Paths are printed as they are seen from here. */
  readonly cwd: string;
  /** To stdout. */
  readonly write: (text: string) => void;
}

/** A training as its user follows it on stdout, in five steps. */
export interface FiveSteps extends TrainingObserver {
  /** Before anything is read. */
  begin(): void;
}

/** Tells a training in five steps, and writes the pictures of each, the figures and the report when they are there. */
export function createFiveSteps({ resultsDir, cwd, write }: FiveStepsOptions): FiveSteps {
  const say = (...lines: readonly string[]): void => write(lines.map((line) => `${line}\n`).join(''));
  let explored: Explored | undefined;
  let outcome: FinishedTraining | undefined;
  const scored = new Map<ScoredPart['name'], ScoredPart>();
  return {
    resultsDir,
    begin: () => say('[STEP 1/5] Data Loading and Exploration'),
    async prepared(training) {
      say(...describeRows(training.data), '', '[STEP 2/5] Creating Visualizations');
      explored = await exploreTraining(training, resultsDir);
      const path = relative(cwd, join(resultsDir, RESULT_FILES.explorationPicture));
      say(`Visualizations saved to ${path}`, '', '[STEP 3/5] Data Preparation', ...describeSizes(training.data));
      say('', '[STEP 4/5] Model Training');
    },
    trained(ended) {
      outcome = ended;
      const metric = explored?.training.options.metricForBestModel ?? 'f1';
      say(describeBest(ended, metric), '', '[STEP 5/5] Model Evaluation');
    },
    scored: (part) => void scored.set(part.name, part),
    async finished(manifest) {
      if (!explored || !outcome) throw new RangeError('bug: a training ended that was not told of');
      const part = scored.get('test') ?? scored.get('validation');
      const evaluated = part && evaluateScored(explored.training, manifest, part);
      if (evaluated) say(...describeMetrics(evaluated.name, evaluated.report));
      await writeResults(resultsDir, { ...explored, finished: outcome, manifest, evaluated });
    },
  };
}

const partsOf = ({ train, validation, test }: TrainingData): DataPart[] =>
  [train, validation, test].filter((part) => part !== undefined);

/** As pandas shows a data frame's shape and its counts of values: the most frequent label first. */
function describeRows(data: TrainingData): string[] {
  const labels = partsOf(data).flatMap(({ encoded }) => [...encoded.labels]);
  const positive = labels.filter((label) => label === 1).length;
  const counts = [
    ['positive', positive],
    ['negative', labels.length - positive],
  ] as const;
  const ordered = [...counts].sort(([, a], [, b]) => b - a);
  return [
    `Dataset shape: (${labels.length}, 2)`,
    'Sentiment distribution:',
    ...ordered.map(([name, count]) => `${name}    ${count}`),
  ];
}

function describeSizes({ train, validation, test }: TrainingData): string[] {
  const size = (part: DataPart | undefined): number => part?.reviews.length ?? 0;
  return [`Train size: ${size(train)}`, `Validation size: ${size(validation)}`, `Test size: ${size(test)}`];
}

function describeBest({ bestMetric }: FinishedTraining, metric: SelectionMetric): string {
  const name = metric === 'f1' ? 'F1' : metric;
  return bestMetric === undefined
    ? 'Training completed.'
    : `Training completed. Best ${name}: ${bestMetric.toFixed(4)}`;
}

function describeMetrics(name: ScoredPart['name'], report: EvaluationReport): string[] {
  return [
    `${name === 'test' ? 'Test' : 'Validation'} Set Results:`,
    `Accuracy: ${report.accuracy.toFixed(4)}`,
    `Precision: ${report.precision.toFixed(4)}`,
    `Recall: ${report.recall.toFixed(4)}`,
    `F1 Score: ${report.f1.toFixed(4)}`,
    `ROC AUC: ${report.roc_auc?.toFixed(4) ?? 'not defined'}`,
  ];
}
