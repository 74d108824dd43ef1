import {
  classificationMetrics,
  confidenceHistogram,
  precisionRecallCurve,
  reliabilityBins,
  rocCurve,
  temperProbability,
} from '@marquee/metrics';
import { GRAPH_FILES, type Graph } from '@marquee/model-core';

import type { TransformerManifest } from '../artifact-writer.js';
import { type EvaluationReport, reportEvaluation } from '../evaluation-report.js';
import { type EvaluationSlices, reportSlices } from '../evaluation-slices.js';
import type { DetailsData } from '../pictures/details-picture.js';
import type { EvaluationData, ReliabilityCurve } from '../pictures/evaluation-picture.js';
import { formatCount } from '../pictures/format.js';
import type { Training } from '../prepare-training.js';
import type { DataSource } from '../read-data.js';
import type { ScoredPart } from '../training-observer.js';
import type { SampleRows } from './sample-predictions.js';

/** A part of the data with what a model answered, as it is served. */
export interface EvaluatedPart {
  readonly name: ScoredPart['name'];
  readonly graph: Graph;
  readonly source: DataSource;
  /** Names model and data in headings. */
  readonly subject: string;
  readonly rows: SampleRows;
  readonly labels: readonly number[];
  /** Of the positive class. */
  readonly probabilities: Float64Array;
  /** Of each whole review. */
  readonly tokenCounts: Uint32Array;
  /** 1 where a part of the review was left unread. */
  readonly truncated: Uint8Array;
  /** By which the logits were divided; 1 where they were not. */
  readonly temperature: number;
  readonly report: EvaluationReport;
}

/** What the graph that the artifact is served with answered to a part. */
export function evaluateScored(training: Training, manifest: TransformerManifest, scored: ScoredPart): EvaluatedPart {
  const { name, part, probabilities } = scored;
  const graph = GRAPH_FILES.int8 in manifest.files ? 'int8' : 'fp32';
  const served = probabilities[graph];
  const labels = [...part.encoded.labels];
  const seen = new Set([...training.model.seenRows, ...training.data.train.rowDigests]);
  const { maxLength } = manifest.text;
  return {
    name,
    graph,
    source: part.source,
    subject: `Version ${manifest.version}, ${graph} as served, on the ${name} part: ${formatCount(labels.length)} reviews`,
    rows: part,
    labels,
    probabilities: served,
    tokenCounts: part.tokenCounts,
    truncated: Uint8Array.from(part.tokenCounts, (count) => Number(count > maxLength)),
    temperature: temperatureOf(manifest),
    report: reportEvaluation(labels, served, (row) => seen.has(part.rowDigests[row] ?? '')),
  };
}

function temperatureOf({ calibration }: TransformerManifest): number {
  const temperature = calibration?.['temperature'];
  return typeof temperature === 'number' ? temperature : 1;
}

/** What `evaluation_metrics.png` draws of it. */
export function toEvaluationData({
  subject,
  labels,
  probabilities,
  temperature,
  report,
}: EvaluatedPart): EvaluationData {
  const roc = rocCurve(labels, probabilities);
  const precisionRecall = precisionRecallCurve(labels, probabilities);
  return {
    subject,
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
  const { subject, labels, probabilities } = evaluated;
  return {
    subject,
    confidence: confidenceHistogram(labels, probabilities),
    lengths: slicesOf(evaluated).by_token_count.map(
      ({ at_least: least, below, n, accuracy, accuracy_interval: interval }) => {
        return { name: below === null ? `${least} or more` : `${least}–${below - 1}`, n, accuracy, interval };
      },
    ),
  };
}

export const slicesOf = ({ labels, ...scored }: EvaluatedPart): EvaluationSlices => reportSlices(labels, scored);

function reliabilityCurves(labels: readonly number[], served: Float64Array, temperature: number): ReliabilityCurve[] {
  if (temperature === 1) return [reliabilityCurve('not calibrated', labels, served)];
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
