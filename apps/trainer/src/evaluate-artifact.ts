import { type Classifier, readManifest } from '@marquee/model-core';

import type { RowsPart } from './divide-data.js';
import { engineName } from './engine-name.js';
import { describeEvaluation, reportEvaluation } from './evaluation-report.js';
import { describeSlices } from './evaluation-slices.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { labelsOf } from './linear-baseline.js';
import { type EvaluatedPart, slicesOf, temperatureOf } from './report/evaluated-part.js';
import type { EvaluationEffort, ReportedModel } from './report/report-sections.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';
import { describeStages, reportStages } from './stage-report.js';
import { peakMemoryBytes } from './training-effort.js';

export interface EvaluatedArtifact {
  readonly evaluated: EvaluatedPart;
  readonly effort: EvaluationEffort;
}

/** What an artifact of any kind answers to test reviews, as it is served, one review a run. Throws `INTERRUPTED`. */
export async function evaluateArtifact(
  dir: string,
  classifier: Classifier,
  judging: RowsPart,
  watch: EvaluationWatch,
): Promise<EvaluatedArtifact> {
  const { reviews, rowDigests, source } = judging;
  const seen = await readSeenRows(dir);
  const start = performance.now();
  const { stages, ...scored } = await scoreReviews(classifier, reviews, watch);
  const seconds = (performance.now() - start) / 1000;
  const labels = [...labelsOf(reviews)];
  const { version, kind, graph, maxLength, truncation } = classifier.info;
  const evaluated: EvaluatedPart = {
    ...scored,
    name: 'test',
    model: { version, kind, graph, max_length: maxLength, truncation },
    source,
    rows: judging,
    labels,
    temperature: temperatureOf(await readManifest(dir)),
    report: reportEvaluation(labels, scored.probabilities, (row) => seen.has(rowDigests[row] ?? '')),
    stages: reportStages(labels, scored.probabilities, stages),
  };
  const tokens = scored.tokenCounts.reduce((sum, count) => sum + count, 0);
  return { evaluated, effort: { seconds, reviews: reviews.length, tokens, peakMemoryBytes: peakMemoryBytes() } };
}

/** Lines for a person. */
export function describeEvaluated(evaluated: EvaluatedPart, beside: readonly ReportedModel[]): string[] {
  const name = `test, ${engineName(evaluated.model)}`;
  return [
    ...describeEvaluation(name, evaluated.report),
    ...beside.flatMap((other) => describeEvaluation(`test, ${other.name}`, other.report)),
    ...describeSlices(name, slicesOf(evaluated)),
    ...describeStages(name, evaluated.stages),
  ];
}
