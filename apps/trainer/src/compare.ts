import { join } from 'node:path';

import { fileDigest, readReviews, type Review, rowDigest } from '@marquee/dataset';
import { type Graph, loadClassifier } from '@marquee/model-core';

import { compareScores, type ComparisonReport, describeComparison } from './comparison-report.js';
import { requireWritableFolder, writeDurably } from './durable-write.js';
import { engineName } from './engine-name.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';

export interface CompareOptions {
  /** Folders of the two models. */
  readonly a: string;
  readonly b: string;
  readonly testFile: string;
  readonly outputDir: string;
  readonly graph: 'auto' | Graph;
  readonly textColumnName: string;
  readonly labelColumnName: string;
  readonly maxEvalSamples: number | undefined;
  readonly threads: number | undefined;
}

/** Where the table for a person goes. */
interface ComparisonWatch extends EvaluationWatch {
  readonly write: (text: string) => void;
}

const COMPARISON_FILE = 'comparison_results.json';

/** Compares two artifacts on the same reviews, each as it would be served, and writes `comparison_results.json` and a table. Throws `INTERRUPTED`. */
export async function runComparison(options: CompareOptions, watch: ComparisonWatch): Promise<void> {
  const { testFile, outputDir, maxEvalSamples } = options;
  const reviews = await readReviews(testFile, {
    textColumn: options.textColumnName,
    labelColumn: options.labelColumnName,
    ...(maxEvalSamples === undefined ? {} : { maxRows: maxEvalSamples }),
  });
  await requireWritableFolder(outputDir);
  const digests = reviews.map(({ text }) => rowDigest(text));
  const a = await scoreModel(options, options.a, reviews, digests, watch);
  const b = await scoreModel(options, options.b, reviews, digests, watch);
  const rows = reviews.map(({ label, line }, row) => ({ label, line, digest: digests[row] ?? '' }));
  const report: ComparisonReport = {
    a: a.model,
    b: b.model,
    data: { sha256: await fileDigest(testFile), rows: reviews.length },
    ...compareScores(rows, a.probabilities, b.probabilities),
  };
  const path = join(outputDir, COMPARISON_FILE);
  await writeDurably(path, `${JSON.stringify(report, null, 2)}\n`);
  watch.write(describeComparison(report));
  watch.progress.say(`written to ${path}`);
}

async function scoreModel(
  options: CompareOptions,
  dir: string,
  reviews: readonly Review[],
  digests: readonly string[],
  watch: EvaluationWatch,
) {
  const threads = options.threads === undefined ? {} : { intraOpThreads: options.threads };
  const classifier = await loadClassifier(dir, { device: 'cpu', graph: options.graph, ...threads });
  const { version } = classifier.info;
  const { probabilities } = await scoreReviews(classifier, reviews, watch).finally(() => classifier.close());
  const seen = await readSeenRows(dir);
  const seenRows = digests.filter((digest) => seen.has(digest)).length;
  return { model: { path: dir, version, graph: engineName(classifier.info), seen_rows: seenRows }, probabilities };
}
