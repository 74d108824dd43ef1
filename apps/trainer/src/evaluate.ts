import { type Classifier, type Graph, loadClassifier, readManifest } from '@marquee/model-core';

import type { RowsPart } from './divide-data.js';
import { requireWritableFolder } from './durable-write.js';
import { describeEvaluated, evaluateArtifact } from './evaluate-artifact.js';
import { fittedBeside, linearMemberBeside, recordedBeside } from './linear-beside.js';
import { requireNoOtherRun } from './output-folder.js';
import { readRows } from './read-data.js';
import type { EvaluatedPart } from './report/evaluated-part.js';
import { writeEvaluationPage } from './report/evaluation-results.js';
import type { ReportedModel } from './report/report-sections.js';
import { EVALUATION_FILES, RESULT_FILES } from './report/result-files.js';
import { sessionOptions } from './session-options.js';
import { describeArtifact } from './tracking/describe-artifact.js';
import { plainOptions } from './tracking/describe-training.js';
import { flattenMetrics } from './tracking/flatten-metrics.js';
import { recordRun, type RunWatch } from './tracking/record-run.js';

export interface EvaluateOptions {
  readonly model: string;
  readonly testFile: string;
  /** Reviews that a linear baseline is fitted on. */
  readonly trainFile: string | undefined;
  readonly outputDir: string;
  readonly graph: 'auto' | Graph;
  readonly textColumnName: string;
  readonly labelColumnName: string;
  readonly maxEvalSamples: number | undefined;
  readonly threads: number | undefined;
}

/**
 * Evaluates an artifact of any kind on every review of a file, as it would be served, and writes figures, samples, the picture and `report.html`. Throws `OUTPUT_NOT_EMPTY` for the
 * folder of another command's run, `INTERRUPTED`, and what reading and loading throw.
 */
export async function runEvaluation(options: EvaluateOptions, watch: RunWatch): Promise<void> {
  const { outputDir, model, graph } = options;
  await requireNoOtherRun(outputDir, 'evaluate');
  const judging = await readRows(options.testFile, options, { maxRows: options.maxEvalSamples });
  const classifier = await loadClassifier(model, { device: 'cpu', graph, ...sessionOptions(options) });
  try {
    await requireWritableFolder(outputDir);
    await recordRun({
      dir: outputDir,
      start: {
        command: 'evaluate',
        options: plainOptions(options),
        data: { test: judging.source },
        model: await describeArtifact(model),
      },
      files: EVALUATION_FILES,
      mirror: watch.mirror,
      run: () => evaluate(options, classifier, judging, watch),
      endOf: ({ report, stages }) => ({ status: 'finished', metrics: flattenMetrics({ ...report, stages }) }),
    });
  } finally {
    await classifier.close();
  }
  watch.progress.say(`${RESULT_FILES.evaluation}, pictures and ${RESULT_FILES.page} are in ${outputDir}`);
}

async function evaluate(
  options: EvaluateOptions,
  classifier: Classifier,
  judging: RowsPart,
  watch: RunWatch,
): Promise<EvaluatedPart> {
  const { evaluated, effort } = await evaluateArtifact(options.model, classifier, judging, watch);
  const beside = await modelsBeside(options, judging, watch);
  await writeEvaluationPage(options.outputDir, evaluated, beside, effort);
  for (const line of describeEvaluated(evaluated, beside)) watch.progress.say(line);
  if (evaluated.model.kind === 'transformer' && beside.length === 0) watch.progress.say(withoutBaseline(options));
  return evaluated;
}

/** The linear model that this one is measured by: its own member, one that is fitted now, or the one of its training. */
async function modelsBeside(options: EvaluateOptions, judging: RowsPart, watch: RunWatch): Promise<ReportedModel[]> {
  const { model, trainFile } = options;
  const own = await linearMemberBeside(model, judging, watch);
  if (trainFile !== undefined) return [...own, ...(await fitBeside(trainFile, options, judging, watch))];
  return own.length > 0 ? own : recordedBeside(await readManifest(model), judging);
}

async function fitBeside(
  trainFile: string,
  options: EvaluateOptions,
  judging: RowsPart,
  watch: RunWatch,
): Promise<ReportedModel[]> {
  const train = await readRows(trainFile, options, { requireBothClasses: true });
  watch.progress.say(`fitting a linear baseline on ${train.reviews.length} reviews`);
  return fittedBeside(train, judging);
}

const withoutBaseline = ({ model, testFile, trainFile }: EvaluateOptions): string =>
  trainFile === undefined
    ? `no linear baseline stands beside: the training of ${model} measured none on these reviews; --train-file fits one on the reviews of a file`
    : `no linear baseline stands beside: without the reviews of ${testFile}, ${trainFile} has none of both labels to fit it on`;
