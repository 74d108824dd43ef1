import {
  classificationMetrics,
  confidenceHistogram,
  precisionRecallCurve,
  reliabilityBins,
  rocCurve,
  temperProbability,
} from '@marquee/metrics';
import { GRAPH_FILES, type Graph, type Manifest, type Truncation } from '@marquee/model-core';

import type { TransformerManifest } from '../artifact-writer.js';
import { engineName } from '../engine-name.js';
import { type EvaluationReport, reportEvaluation } from '../evaluation-report.js';
import { type EvaluationSlices, reportSlices } from '../evaluation-slices.js';
import type { DetailsData } from '../pictures/details-picture.js';
import type { EvaluationData, ReliabilityCurve } from '../pictures/evaluation-picture.js';
import { formatCount } from '../pictures/format.js';
import type { Training } from '../prepare-training.js';
import type { DataSource } from '../read-data.js';
import type { StageReport } from '../stage-report.js';
import type { ScoredPart } from '../training-observer.js';
import type { EvaluationEffort, ReportedModel } from './report-sections.js';
import type { SampleRows } from './sample-predictions.js';

/** The model that answered, under the names of `evaluation_results.json`. */
export interface EvaluatedModel {
  readonly version: string;
  readonly kind: Manifest['kind'];
  /** Absent for a linear model, which has none. */
  readonly graph?: Graph | undefined;
  readonly max_length?: number | undefined;
  readonly truncation?: Truncation | undefined;
}

/** A part of the data with what a model answered, as it is served. */
export interface EvaluatedPart {
  readonly name: ScoredPart['name'];
  readonly model: EvaluatedModel;
  readonly source: DataSource;
  readonly rows: SampleRows;
  readonly labels: readonly number[];
  /** Of the positive class. */
  readonly probabilities: Float64Array;
  /** Of each whole review: WordPiece tokens, or the words of a linear model. */
  readonly tokenCounts: Uint32Array;
  /** 1 where a part of the review was left unread. */
  readonly truncated: Uint8Array;
  /** By which the logits were divided; 1 where they were not. */
  readonly temperature: number;
  readonly report: EvaluationReport;
  /** What each stage of a cascade answered; empty for other kinds. */
  readonly stages: readonly StageReport[];
}

/** `int8`, `cascade int8`, `linear`. */
export const servedAs = ({ model }: EvaluatedPart): string => engineName(model);

/** Names model and data in headings. */
const subjectOf = (evaluated: EvaluatedPart): string => {
  const { name, model, labels } = evaluated;
  const data = name === 'train' ? 'training' : name;
  return `Version ${model.version}, ${servedAs(evaluated)} as served, on ${formatCount(labels.length)} ${data} reviews`;
};

/** What the graph that the artifact is served with answered to a part. */
export function evaluateScored(training: Training, manifest: TransformerManifest, scored: ScoredPart): EvaluatedPart {
  const { name, part, probabilities } = scored;
  const graph = GRAPH_FILES.int8 in manifest.files ? 'int8' : 'fp32';
  const served = probabilities[graph];
  const labels = [...part.encoded.labels];
  const seen = new Set([...training.model.seenRows, ...training.data.train.rowDigests]);
  const { maxLength, truncation } = manifest.text;
  return {
    name,
    model: { version: manifest.version, kind: manifest.kind, graph, max_length: maxLength, truncation },
    source: part.source,
    rows: part,
    labels,
    probabilities: served,
    tokenCounts: part.tokenCounts,
    truncated: Uint8Array.from(part.tokenCounts, (count) => Number(count > maxLength)),
    temperature: temperatureOf(manifest),
    report: reportEvaluation(labels, served, (row) => seen.has(part.rowDigests[row] ?? '')),
    stages: [],
  };
}

/** By which a manifest says that logits were divided when the model was made; 1 where it says nothing. */
export function temperatureOf({ calibration }: Manifest): number {
  const temperature = calibration?.['temperature'];
  return typeof temperature === 'number' ? temperature : 1;
}

/** All figures, as `evaluation_results.json` has them. */
export function toResults(
  evaluated: EvaluatedPart,
  beside: readonly ReportedModel[],
  effort: EvaluationEffort | undefined,
): object {
  const { report, stages, model, source } = evaluated;
  return {
    ...report,
    slices: slicesOf(evaluated),
    ...(stages.length > 0 && { stages }),
    ...(beside.length > 0 && { beside: Object.fromEntries(beside.map((other) => [other.name, other.report])) }),
    ...(effort && { effort: reportEffort(effort) }),
    model,
    data: source,
  };
}

const reportEffort = ({ seconds, reviews, tokens, peakMemoryBytes }: EvaluationEffort): object => ({
  seconds,
  reviews_per_second: reviews / seconds,
  tokens_per_second: tokens / seconds,
  peak_memory_bytes: peakMemoryBytes,
});

/** What `evaluation_metrics.png` draws of it. */
export function toEvaluationData(evaluated: EvaluatedPart): EvaluationData {
  const { labels, probabilities, temperature, report } = evaluated;
  const roc = rocCurve(labels, probabilities);
  const precisionRecall = precisionRecallCurve(labels, probabilities);
  return {
    subject: subjectOf(evaluated),
    confusionMatrix: report.confusion_matrix,
    roc: { points: pair(roc.falsePositiveRates, roc.truePositiveRates), auc: report.roc_auc },
    precisionRecall: {
      points: pair(precisionRecall.recalls, precisionRecall.precisions),
      averagePrecision: report.pr_auc,
    },
    reliability: reliabilityCurves(labels, probabilities, temperature),
  };
}

/** What the report draws beside. */
export function toDetailsData(evaluated: EvaluatedPart): DetailsData {
  const { model, labels, probabilities } = evaluated;
  return {
    subject: subjectOf(evaluated),
    confidence: confidenceHistogram(labels, probabilities),
    lengths: slicesOf(evaluated).by_token_count.map(
      ({ at_least: least, below, n, accuracy, accuracy_interval: interval }) => {
        return { name: below === null ? `${least} or more` : `${least}–${below - 1}`, n, accuracy, interval };
      },
    ),
    lengthUnit: model.kind === 'linear' ? 'words of the review' : 'WordPiece tokens of the review',
  };
}

export const slicesOf = ({ labels, ...scored }: EvaluatedPart): EvaluationSlices => reportSlices(labels, scored);

function reliabilityCurves(labels: readonly number[], served: Float64Array, temperature: number): ReliabilityCurve[] {
  if (temperature === 1) return [reliabilityCurve('as served', labels, served)];
  const before = served.map((probability) => temperProbability(probability, 1 / temperature));
  return [
    reliabilityCurve('before', labels, before),
    reliabilityCurve(`after, T = ${temperature.toFixed(2)}`, labels, served),
  ];
}

function reliabilityCurve(name: string, labels: readonly number[], probabilities: Float64Array): ReliabilityCurve {
  const bins = reliabilityBins(labels, probabilities).filter(({ count }) => count > 0);
  return {
    name,
    expectedCalibrationError: classificationMetrics(labels, probabilities).expectedCalibrationError,
    bins: bins.map(({ meanProbability, positiveShare, count }) => ({ x: meanProbability, y: positiveShare, count })),
  };
}

/** Points of a curve; where the labels hold one class there is none to draw. */
const pair = (xs: readonly number[], ys: readonly number[]) =>
  xs.map((x, index) => ({ x, y: ys[index] ?? NaN })).filter(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y));
