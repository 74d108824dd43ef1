import type { TransformerManifest } from '../artifact-writer.js';
import { basename, join } from 'node:path';

import type { JsonValue } from '@marquee/model-core';

import { writeDurably } from '../durable-write.js';
import type { FinishedTraining } from '../finish-training.js';
import { LINEAR_BASELINE } from '../linear-baseline.js';
import { metricOf } from '../model-selection.js';
import { TRAIN_LOG_FILE } from '../output-folder.js';
import { drawExploration } from '../pictures/exploration-picture.js';
import { drawTraining, type TrainingCurves } from '../pictures/training-picture.js';
import type { Training } from '../prepare-training.js';
import { readTrainLog } from '../train-log.js';
import { dataSection } from './data-section.js';
import type { EvaluatedPart } from './evaluated-part.js';
import { writeEvaluation } from './evaluation-results.js';
import { type Exploration, explore } from './exploration.js';
import { renderPage } from './report-page.js';
import { environmentSection, type ReportedModel, trainingSection } from './report-sections.js';
import { RESULT_FILES } from './result-files.js';

/** The data of a training, looked at. */
export interface Explored {
  readonly training: Training;
  readonly exploration: Exploration;
  readonly explorationPng: Uint8Array;
}

/** A training with all that came out of it. */
export interface TrainingResults extends Explored {
  readonly finished: FinishedTraining;
  readonly manifest: TransformerManifest;
  /** The test part, or validation where there is none; undefined without either. */
  readonly evaluated: EvaluatedPart | undefined;
}

/** Looks at the data of a training and writes `eda_visualizations.png`. */
export async function exploreTraining(training: Training, resultsDir: string): Promise<Explored> {
  const { options, data } = training;
  const { train, validation, test } = data;
  const named = Object.entries({ train, validation, test });
  const parts = named.flatMap(([name, part]) => (part ? [{ name, ...part }] : []));
  const file = options.dataFile ?? options.trainFile ?? '';
  const exploration = explore(basename(file), parts, data.report, options.maxSeqLength);
  const explorationPng = await drawExploration(exploration.picture);
  await writeDurably(join(resultsDir, RESULT_FILES.explorationPicture), explorationPng);
  return { training, exploration, explorationPng };
}

/** Writes the pictures of training and evaluation, the figures, samples of the predictions, and the report that holds all. */
export async function writeResults(resultsDir: string, results: TrainingResults): Promise<void> {
  const { training, exploration, explorationPng, finished, manifest, evaluated } = results;
  const trainingPng = await drawTraining(await readCurves(results));
  await writeDurably(join(resultsDir, RESULT_FILES.trainingPicture), trainingPng);
  const sections = [
    evaluated && (await writeEvaluation(resultsDir, evaluated, modelsBeside(manifest, evaluated))),
    dataSection(exploration, explorationPng),
    trainingSection(trainingPng, finished.effort, { ...training.options }),
    environmentSection(),
  ].filter((section) => section !== undefined);
  const subtitle = `Version ${manifest.version}, made on ${manifest.createdAt.slice(0, 10)}`;
  const page = renderPage('Movie-review sentiment: a training', subtitle, sections);
  await writeDurably(join(resultsDir, RESULT_FILES.page), page);
  training.progress.say(`pictures, figures and ${RESULT_FILES.page} are in ${resultsDir}`);
}

/** The graph that is not served, and the linear model. */
function modelsBeside({ metrics }: TransformerManifest, { name, model }: EvaluatedPart): ReportedModel[] {
  const reports = metrics as Readonly<Record<string, Readonly<Record<string, JsonValue>>>> | undefined;
  return [model.graph === 'int8' ? 'fp32' : 'int8', LINEAR_BASELINE].flatMap((other) => {
    const found = reports?.[name]?.[other];
    return found === undefined ? [] : [{ name: other, report: found as unknown as ReportedModel['report'] }];
  });
}

async function readCurves({ training, finished }: TrainingResults): Promise<TrainingCurves> {
  const { options, plan } = training;
  const metric = options.metricForBestModel;
  const entries = await readTrainLog(join(options.outputDir, TRAIN_LOG_FILE));
  // A step that float16 could not hold has no gradient to draw.
  const steps = entries.filter((entry) => 'loss' in entry && typeof entry['gradientNorm'] === 'number');
  const stopped = finished.stoppedEarly ? `, stopped early of ${plan.totalSteps}` : '';
  return {
    subject: `${basename(options.outputDir)}: ${finished.steps} steps${stopped}`,
    steps: steps.map(({ step, loss, learningRate, gradientNorm }) => {
      return { step, loss: Number(loss), learningRate: Number(learningRate), gradientNorm: Number(gradientNorm) };
    }),
    evaluations: finished.evaluations.map((evaluation) => {
      return { step: evaluation.step, loss: evaluation['eval_loss'] ?? NaN, metric: metricOf(evaluation, metric) };
    }),
    metricName: metric === 'f1' ? 'F1' : metric.replaceAll('_', ' '),
    chosenStep: options.loadBestModelAtEnd ? finished.bestStep : undefined,
    maxGradNorm: options.maxGradNorm,
  };
}
