import type { Weights } from '@marquee/distilbert';
import { type JsonObject, loadClassifier, Tensor } from '@marquee/model-core';

import { calibrate, type Calibration, describeCalibration, describeEffect, reportCalibration } from './calibration.js';
import { DEFAULT_MARGIN, describeEquivalence, type EquivalenceReport, judgeEquivalence } from './equivalence-gate.js';
import { describeEvaluation, type EvaluationReport, reportEvaluation } from './evaluation-report.js';
import type { Evaluator } from './evaluator.js';
import { fitLinearBaseline, LINEAR_BASELINE, linearLogits } from './linear-baseline.js';
import type { DataPart } from './prepare-data.js';
import type { Training } from './prepare-training.js';
import { scoreReviews } from './score-reviews.js';
import { sessionOptions } from './session-options.js';
import { sigmoid } from './sigmoid.js';
import { encodeReviews } from './training-data.js';
import type { ScoredPart } from './training-observer.js';

/** What the manifest says of how good an artifact is. */
export interface ArtifactMeasurements {
  /** Of both graphs and of the linear baseline, by part. */
  readonly metrics: JsonObject;
  /** With its effect on the int8 graph, by part, where a temperature was fitted. */
  readonly calibration: JsonObject;
  readonly equivalence: EquivalenceReport & { readonly part: string };
}

/** Without validation reviews, the graphs are compared on so many of the training reviews, whose labels are not asked. */
const UNLABELED_ROWS = 500;

/** Fits the temperature on the validation reviews as the finished model will read them. Throws `INTERRUPTED`. */
export async function calibrateOnValidation(
  training: Training,
  evaluator: Evaluator,
  weights: Weights,
): Promise<Calibration> {
  const { validation } = training.data;
  const encoded = validation && encodeReviews(validation.reviews, training.servingTokenizer);
  const calibration = calibrate(
    encoded && {
      labels: encoded.labels,
      margins: await evaluator.margins(toTensors(weights), encoded, training),
    },
  );
  training.progress.say(describeCalibration(calibration));
  return calibration;
}

/** Evaluates both graphs of a written artifact on validation and test, and judges one by the other. Throws `INTERRUPTED`. */
export async function measureArtifact(
  training: Training,
  evaluator: Evaluator,
  weights: Weights,
  calibration: Calibration,
): Promise<ArtifactMeasurements> {
  const { data, progress } = training;
  const { validation, test } = data;
  const judgedPart = validation ? 'validation' : 'train';
  const train = validation ? undefined : firstRows(data.train, UNLABELED_ROWS);
  const scored = await scoreParts(training, evaluator, weights, { validation, test, train });
  const evaluated = [...scored].filter(([name]) => name !== 'train');
  const baseline = scoreBaseline(training, { validation, test });
  const metrics = evaluated.map(
    ([name, scores]) => [name, reportPart(training, name, scores, baseline.get(name))] as const,
  );
  const isCalibrated = calibration.reason === undefined;
  const effects = (isCalibrated ? evaluated : []).map(([name, { labels, int8 }]) => {
    const effect = reportCalibration(labels, int8, calibration.temperature);
    progress.say(describeEffect(`${name}, int8`, effect));
    return [name, effect] as const;
  });
  const { labels, ...scores } = scored.get(judgedPart) as PartScores; // each part that is there was scored
  const judged = validation ? { labels, ...scores } : scores;
  const equivalence = { part: judgedPart, ...judgeEquivalence(judged, DEFAULT_MARGIN) };
  progress.say(describeEquivalence(equivalence));
  return {
    metrics: Object.fromEntries(metrics),
    calibration: { ...calibration, ...Object.fromEntries(effects) } as unknown as JsonObject,
    equivalence,
  };
}

interface PartScores {
  readonly rowDigests: readonly string[];
  readonly labels: Uint8Array;
  /** Of the positive class: int8 from the file that was just written, fp32 from the weights as they are stored. */
  readonly int8: Float64Array;
  readonly fp32: Float64Array;
}

async function scoreParts(
  training: Training,
  evaluator: Evaluator,
  weights: Weights,
  parts: Readonly<Record<ScoredPart['name'], DataPart | undefined>>,
): Promise<Map<string, PartScores>> {
  const { options, servingTokenizer } = training;
  const classifier = await loadClassifier(options.outputDir, {
    device: 'cpu',
    graph: 'int8',
    ...sessionOptions(options),
  });
  const scored = new Map<string, PartScores>();
  try {
    for (const [name, part] of Object.entries(parts) as [ScoredPart['name'], DataPart | undefined][]) {
      if (!part) continue;
      const encoded = encodeReviews(part.reviews, servingTokenizer);
      const { probabilities: int8 } = await scoreReviews(classifier, part.reviews, training);
      const fp32 = await evaluator.positiveProbabilities(toTensors(weights), encoded, training);
      training.observer?.scored({ name, part, probabilities: { int8, fp32 } });
      scored.set(name, { rowDigests: part.rowDigests, labels: encoded.labels, int8, fp32 });
    }
  } finally {
    await classifier.close();
  }
  return scored;
}

/** What the linear model that is fitted on the same training reviews says of each part, as probabilities. */
function scoreBaseline(
  { options, data, progress }: Training,
  parts: Readonly<Record<string, DataPart | undefined>>,
): Map<string, Float64Array> {
  const evaluated = Object.entries(parts).flatMap(([name, part]) => (part ? [[name, part] as const] : []));
  if (evaluated.length === 0) return new Map();
  progress.say('fitting the linear baseline on the same reviews');
  const linear = fitLinearBaseline(data.train.reviews, data.validation?.reviews, { seed: options.seed });
  return new Map(
    linear ? evaluated.map(([name, { reviews }]) => [name, linearLogits(linear.model, reviews).map(sigmoid)]) : [],
  );
}

function reportPart(
  { model, data, progress }: Training,
  name: string,
  scores: PartScores,
  baseline: Float64Array | undefined,
): JsonObject {
  const ownRows = new Set(data.train.rowDigests);
  const isSeen = (row: number): boolean => {
    const digest = scores.rowDigests[row] ?? '';
    return model.seenRows.has(digest) || ownRows.has(digest);
  };
  const report = (answering: string, probabilities: Float64Array): EvaluationReport => {
    const result = reportEvaluation(scores.labels, probabilities, isSeen);
    for (const line of describeEvaluation(`${name}, ${answering}`, result)) progress.say(line);
    return result;
  };
  return {
    int8: report('int8', scores.int8),
    fp32: report('fp32', scores.fp32),
    ...(baseline && { [LINEAR_BASELINE]: report(LINEAR_BASELINE, baseline) }),
  } as unknown as JsonObject;
}

const firstRows = (part: DataPart, count: number): DataPart => ({
  ...part,
  reviews: part.reviews.slice(0, count),
  rowDigests: part.rowDigests.slice(0, count),
});

const toTensors = (weights: Weights): Record<string, Tensor> =>
  Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]));
