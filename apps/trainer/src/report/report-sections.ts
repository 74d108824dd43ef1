import { cpus, release, totalmem, type as systemName } from 'node:os';

import { runtimeVersion } from '@marquee/model-core';

import type { EvaluationReport, MetricReport } from '../evaluation-report.js';
import { flagOf } from '../option-spec.js';
import { formatCount, formatPercent } from '../pictures/format.js';
import { formatSeconds } from '../progress.js';
import type { StageReport } from '../stage-report.js';
import type { TrainingEffort } from '../training-effort.js';
import { type Html, markup, picture, table } from './html.js';

/** A model whose figures stand in the report beside others', on the same reviews. */
export interface ReportedModel {
  readonly name: string;
  readonly report: EvaluationReport;
}

/** How the model was trained, and what that took. */
export function trainingSection(
  trainingPng: Uint8Array,
  effort: TrainingEffort,
  options: Readonly<Record<string, unknown>>,
): Html {
  const { seconds, tokens, tokensPerSecond, peakMemoryBytes } = effort;
  const facts = [
    ['time of all steps (h:mm:ss)', formatSeconds(seconds)],
    ['tokens, without padding', formatCount(tokens)],
    ['tokens a second', formatCount(tokensPerSecond)],
    ['peak memory', `${(peakMemoryBytes / 1e9).toFixed(2)} GB`],
  ];
  const given = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
  const optionRows = given.map(([name, value]) => [flagOf(name), show(value)]);
  return markup`<section>
<h2>Training</h2>
${picture(trainingPng, 'Losses, metric, learning rate and gradient norm by step')}
${table(['effort', ''], facts)}
<h3>Options</h3>
${table(['option', 'value'], optionRows)}</section>
`;
}

/** How good the model is, beside others that are measured on the same reviews. */
export function evaluationSection(
  models: readonly ReportedModel[],
  stages: readonly StageReport[],
  pictures: { readonly evaluation: Uint8Array; readonly details: Uint8Array },
): Html {
  return markup`<section>
<h2>Evaluation</h2>
<p>On ${formatCount(models[0]?.report.n ?? 0)} reviews. In parentheses: 95 % bootstrap intervals.</p>
${metricTable(models)}
${stages.length === 0 ? '' : stageTable(stages)}
${picture(pictures.evaluation, 'Confusion matrix, ROC, precision and recall, and reliability')}
${picture(pictures.details, 'Confidence histogram, and accuracy by length')}</section>
`;
}

/** How much each stage of a cascade answered, and how well. */
function stageTable(stages: readonly StageReport[]): Html {
  const rows = stages.map(({ stage, n, coverage, accuracy, accuracy_interval: interval }) => {
    const right = accuracy === null ? '–' : `${score(accuracy)} (${score(interval?.[0])}–${score(interval?.[1])})`;
    return [stage, formatCount(n), formatPercent(coverage), right];
  });
  return table(['answered by', 'reviews', 'share', 'accuracy'], rows);
}

const METRICS = [
  ['accuracy', 'accuracy'],
  ['precision', 'precision'],
  ['recall', 'recall'],
  ['F1', 'f1'],
  ['ROC AUC', 'roc_auc'],
  ['PR AUC', 'pr_auc'],
  ['Matthews correlation', 'mcc'],
  ['log loss', 'log_loss'],
  ['Brier score', 'brier'],
  ['expected calibration error', 'expected_calibration_error'],
] as const satisfies (readonly [string, keyof MetricReport])[];

function metricTable(models: readonly ReportedModel[]): Html {
  const rows = METRICS.map(([name, label]) => [
    name,
    ...models.map(({ report }) => {
      const [low, high] = report.intervals[label];
      return `${score(report[label])} (${score(low)}–${score(high)})`;
    }),
  ]);
  return table(['metric', ...models.map(({ name }) => name)], rows);
}

/** What an evaluation took. */
export interface EvaluationEffort {
  readonly seconds: number;
  readonly reviews: number;
  /** Of the whole reviews. */
  readonly tokens: number;
  readonly peakMemoryBytes: number;
}

export function effortSection({ seconds, reviews, tokens, peakMemoryBytes }: EvaluationEffort): Html {
  const facts = [
    ['time of all reviews, one after the other (h:mm:ss)', formatSeconds(seconds)],
    ['reviews a second', (reviews / seconds).toFixed(1)],
    ['tokens a second, those left unread counted', formatCount(tokens / seconds)],
    ['peak memory', `${(peakMemoryBytes / 1e9).toFixed(2)} GB`],
  ];
  return markup`<section>\n<h2>Effort</h2>\n${table(['', ''], facts)}</section>\n`;
}

/** What this process runs on. */
export function environmentSection(): Html {
  const [cpu] = cpus();
  const facts = [
    ['Node.js', process.version],
    ['ONNX Runtime', runtimeVersion()],
    ['system', `${systemName()} ${release()}, ${process.arch}`],
    ['processor', `${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores`],
    ['memory', `${(totalmem() / 1e9).toFixed(1)} GB`],
  ];
  return markup`<section>\n<h2>Environment</h2>\n${table(['', ''], facts)}</section>\n`;
}

const score = (value: number | null | undefined): string => value?.toFixed(4) ?? 'not defined';
const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
