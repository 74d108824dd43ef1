import { join } from 'node:path';

import { loadClassifier, type Manifest, memberFolder, readManifest } from '@marquee/model-core';

import type { RowsPart } from './divide-data.js';
import { type EvaluationReport, reportEvaluation } from './evaluation-report.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { fitLinearBaseline, LINEAR_BASELINE, labelsOf, linearLogits } from './linear-baseline.js';
import { asObject } from './model-card.js';
import type { ReportedModel } from './report/report-sections.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';
import { sigmoid } from './sigmoid.js';

/** What a linear model on n-grams says of the same reviews, so that a report never stands without one: of a blend or cascade, its own member. */
export async function linearMemberBeside(
  dir: string,
  { reviews, rowDigests }: RowsPart,
  watch: EvaluationWatch,
): Promise<ReportedModel[]> {
  const manifest = await readManifest(dir);
  if (!('blend' in manifest)) return [];
  const seen = await readSeenRows(dir);
  const found: ReportedModel[] = [];
  for (const name of Object.keys(manifest.blend.weights)) {
    const member = join(dir, memberFolder(name));
    if ((await readManifest(member)).kind !== 'linear') continue;
    const linear = await loadClassifier(member, { device: 'cpu' });
    const { probabilities } = await scoreReviews(linear, reviews, watch).finally(() => linear.close());
    const isSeen = (row: number): boolean => seen.has(rowDigests[row] ?? '');
    found.push({ name: `${name} alone`, report: reportEvaluation(labelsOf(reviews), probabilities, isSeen) });
  }
  return found;
}

/** The baseline that is fitted on these training reviews, those left out that it is judged on. */
export function fittedBeside(train: RowsPart, judging: RowsPart): ReportedModel[] {
  const judged = new Set(judging.rowDigests);
  const learned = train.reviews.filter((_, row) => !judged.has(train.rowDigests[row] ?? ''));
  const linear = fitLinearBaseline(learned, undefined, {});
  if (!linear) return [];
  const probabilities = linearLogits(linear.model, judging.reviews).map(sigmoid);
  const report = reportEvaluation(labelsOf(judging.reviews), probabilities, () => false);
  return [{ name: LINEAR_BASELINE, report }];
}

/** The baseline that a training measured on the very file, where it did. */
export function recordedBeside({ training, metrics }: Manifest, { source }: RowsPart): ReportedModel[] {
  const { sha256, rows } = asObject(asObject(training?.['data'])['test']);
  if (sha256 !== source.sha256 || rows !== source.rows) return [];
  const report = asObject(metrics?.['test'])[LINEAR_BASELINE];
  return report === undefined ? [] : [{ name: LINEAR_BASELINE, report: report as unknown as EvaluationReport }];
}
