import { join } from 'node:path';

import { fileDigest, readReviews, type Review, rowDigest } from '@marquee/dataset';
import { type Classifier, type Graph, loadClassifier } from '@marquee/model-core';

import { requireWritableFolder, writeDurably } from './durable-write.js';
import { engineName } from './engine-name.js';
import { describeEvaluation, type EvaluationReport, reportEvaluation } from './evaluation-report.js';
import { describeSlices, reportSlices } from './evaluation-slices.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';
import { describeStages, reportStages } from './stage-report.js';
import { plainOptions } from './tracking/describe-training.js';
import { flattenMetrics } from './tracking/flatten-metrics.js';
import { recordRun, type RunWatch } from './tracking/record-run.js';

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
export async function runEvaluation(options: EvaluateOptions, watch: RunWatch): Promise<void> {
  const reviews = await readReviews(options.testFile, {
    textColumn: options.textColumnName,
    labelColumn: options.labelColumnName,
    requireBothClasses: false,
    ...(options.maxEvalSamples === undefined ? {} : { maxRows: options.maxEvalSamples }),
  });
  const data = { sha256: await fileDigest(options.testFile), rows: reviews.length };
  const threads = options.threads === undefined ? {} : { intraOpThreads: options.threads };
  const classifier = await loadClassifier(options.model, { device: 'cpu', graph: options.graph, ...threads });
  await requireWritableFolder(options.outputDir);
  try {
    await recordRun({
      dir: options.outputDir,
      start: {
        command: 'evaluate',
        options: plainOptions(options),
        data: { test: data },
        model: { path: options.model },
      },
      mirror: watch.mirror,
      run: () => evaluate(options, classifier, reviews, data, watch),
      endOf: (report) => ({ status: 'finished', metrics: flattenMetrics(report) }),
    });
  } finally {
    await classifier.close();
  }
  watch.progress.say(`written to ${join(options.outputDir, EVALUATION_FILE)}`);
}

async function evaluate(
  options: EvaluateOptions,
  classifier: Classifier,
  reviews: readonly Review[],
  data: object,
  watch: RunWatch,
): Promise<EvaluationReport> {
  const seen = await readSeenRows(options.model);
  const scored = await scoreReviews(classifier, reviews, watch);
  const labels = reviews.map(({ label }) => label);
  const isSeen = (row: number): boolean => seen.has(rowDigest(reviews[row]?.text ?? ''));
  const report = reportEvaluation(labels, scored.probabilities, isSeen);
  const slices = reportSlices(labels, scored);
  const stages = reportStages(labels, scored.probabilities, scored.stages);
  const { version, kind, graph, maxLength, truncation } = classifier.info;
  const model = { version, kind, graph, max_length: maxLength, truncation };
  const results = { ...report, slices, ...(stages.length > 0 && { stages }), model, data };
  await writeDurably(join(options.outputDir, EVALUATION_FILE), `${JSON.stringify(results, null, 2)}\n`);
  const name = `test, ${engineName(classifier.info)}`;
  const lines = [...describeEvaluation(name, report), ...describeSlices(name, slices), ...describeStages(name, stages)];
  for (const line of lines) watch.progress.say(line);
  return report;
}
