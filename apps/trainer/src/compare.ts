import { join } from 'node:path';

import { loadClassifier } from '@marquee/model-core';

import { compareScores, type ComparisonReport, describeComparison } from './comparison-report.js';
import { requireWritableFolder, writeDurably } from './durable-write.js';
import { engineName } from './engine-name.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import type { EvaluateOptions } from './evaluate.js';
import { requireNoOtherRun } from './output-folder.js';
import { type ReadRows, readRows } from './read-data.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';
import { sessionOptions } from './session-options.js';
import { describeArtifact } from './tracking/describe-artifact.js';
import { plainOptions } from './tracking/describe-training.js';
import { flattenMetrics } from './tracking/flatten-metrics.js';
import { recordRun, type RunWatch } from './tracking/record-run.js';

export interface CompareOptions extends Omit<EvaluateOptions, 'model' | 'trainFile'> {
  /** Folders of the two models. */
  readonly a: string;
  readonly b: string;
}

/** Where the table for a person goes. */
interface ComparisonWatch extends RunWatch {
  readonly write: (text: string) => void;
}

const COMPARISON_FILE = 'comparison_results.json';

/**
 * Compares two artifacts on the same reviews, each as it would be served, and writes `comparison_results.json` and a table. Throws `OUTPUT_NOT_EMPTY` for the folder
 * of another command's run, `INTERRUPTED`, and what reading and loading throw.
 */
export async function runComparison(options: CompareOptions, watch: ComparisonWatch): Promise<void> {
  const { outputDir } = options;
  await requireNoOtherRun(outputDir, 'compare');
  const judging = await readRows(options.testFile, options, { maxRows: options.maxEvalSamples });
  const models = { a: await describeArtifact(options.a), b: await describeArtifact(options.b) };
  await requireWritableFolder(outputDir);
  await recordRun({
    dir: outputDir,
    start: { command: 'compare', options: plainOptions(options), data: { test: judging.source }, models },
    files: [COMPARISON_FILE],
    mirror: watch.mirror,
    run: () => compare(options, judging, watch),
    endOf: ({ metrics, mcnemar }) => ({ status: 'finished', metrics: flattenMetrics({ ...metrics, mcnemar }) }),
  });
}

async function compare(options: CompareOptions, judging: ReadRows, watch: ComparisonWatch): Promise<ComparisonReport> {
  const { reviews, rowDigests, source } = judging;
  const a = await scoreModel(options, options.a, judging, watch);
  const b = await scoreModel(options, options.b, judging, watch);
  const rows = reviews.map(({ label, line }, row) => ({ label, line, digest: rowDigests[row] ?? '' }));
  const report: ComparisonReport = {
    a: a.model,
    b: b.model,
    data: source,
    ...compareScores(rows, a.probabilities, b.probabilities),
  };
  const path = join(options.outputDir, COMPARISON_FILE);
  await writeDurably(path, `${JSON.stringify(report, null, 2)}\n`);
  watch.write(describeComparison(report));
  watch.progress.say(`written to ${path}`);
  return report;
}

async function scoreModel(
  options: CompareOptions,
  dir: string,
  { reviews, rowDigests }: ReadRows,
  watch: EvaluationWatch,
) {
  const classifier = await loadClassifier(dir, { device: 'cpu', graph: options.graph, ...sessionOptions(options) });
  const { version } = classifier.info;
  const { probabilities } = await scoreReviews(classifier, reviews, watch).finally(() => classifier.close());
  const seen = await readSeenRows(dir);
  const seenRows = rowDigests.filter((digest) => seen.has(digest)).length;
  return { model: { path: dir, version, graph: engineName(classifier.info), seen_rows: seenRows }, probabilities };
}
