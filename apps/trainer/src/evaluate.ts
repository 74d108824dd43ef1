import { join } from 'node:path';

import { fileDigest, readReviews, rowDigest } from '@marquee/dataset';
import { type Graph, loadClassifier } from '@marquee/model-core';

import { requireWritableFolder, writeDurably } from './durable-write.js';
import { describeEvaluation, reportEvaluation } from './evaluation-report.js';
import { describeSlices, reportSlices } from './evaluation-slices.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';

export interface EvaluateOptions {
  readonly model: string;
  readonly testFile: string;
  readonly outputDir: string;
  readonly graph: 'auto' | Graph;
  readonly textColumnName: string;
  readonly labelColumnName: string;
  readonly maxEvalSamples: number | undefined;
  readonly threads: number | undefined;
}

const EVALUATION_FILE = 'evaluation_results.json';

/** Evaluates an artifact on every review of a file, as it would be served, and writes `evaluation_results.json`. Throws `INTERRUPTED`. */
export async function runEvaluation(options: EvaluateOptions, watch: EvaluationWatch): Promise<void> {
  const reviews = await readReviews(options.testFile, {
    textColumn: options.textColumnName,
    labelColumn: options.labelColumnName,
    requireBothClasses: false,
    ...(options.maxEvalSamples === undefined ? {} : { maxRows: options.maxEvalSamples }),
  });
  const threads = options.threads === undefined ? {} : { intraOpThreads: options.threads };
  const classifier = await loadClassifier(options.model, { device: 'cpu', graph: options.graph, ...threads });
  const seen = await readSeenRows(options.model);
  const path = join(options.outputDir, EVALUATION_FILE);
  await requireWritableFolder(options.outputDir);
  try {
    const scored = await scoreReviews(classifier, reviews, watch);
    const labels = reviews.map(({ label }) => label);
    const isSeen = (row: number): boolean => seen.has(rowDigest(reviews[row]?.text ?? ''));
    const report = reportEvaluation(labels, scored.probabilities, isSeen);
    const slices = reportSlices(labels, scored);
    const { version, graph, maxLength, truncation } = classifier.info;
    const results = {
      ...report,
      slices,
      model: { version, graph, max_length: maxLength, truncation },
      data: { sha256: await fileDigest(options.testFile), rows: reviews.length },
    };
    await writeDurably(path, `${JSON.stringify(results, null, 2)}\n`);
    const name = `test, ${graph}`;
    for (const line of [...describeEvaluation(name, report), ...describeSlices(name, slices)]) watch.progress.say(line);
  } finally {
    await classifier.close();
  }
  watch.progress.say(`written to ${path}`);
}
