import type { TransformerManifest } from '../artifact-writer.js';
import { basename, join } from 'node:path';

import type { JsonValue } from '@marquee/model-core';

import { writeDurably } from '../durable-write.js';
import type { FinishedTraining } from '../finish-training.js';
import { LINEAR_BASELINE } from '../linear-baseline.js';
import { metricOf } from '../model-selection.js';
import { TRAIN_LOG_FILE } from '../output-folder.js';
import { drawDetails } from '../pictures/details-picture.js';
import { drawEvaluation } from '../pictures/evaluation-picture.js';
import { drawExploration } from '../pictures/exploration-picture.js';
import { drawTraining, type TrainingCurves } from '../pictures/training-picture.js';
import type { Training } from '../prepare-training.js';
import { readTrainLog } from '../train-log.js';
import { dataSection } from './data-section.js';
import { type EvaluatedPart, slicesOf, toDetailsData, toEvaluationData } from './evaluated-part.js';
import { type Exploration, explore } from './exploration.js';
import type { Html } from './html.js';
import { renderPage } from './report-page.js';
import { environmentSection, evaluationSection, type ReportedModel, trainingSection } from './report-sections.js';
import { RESULT_FILES } from './result-files.js';
import { samplePredictions } from './sample-predictions.js';

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
  const write = (name: string, contents: Uint8Array | string): Promise<void> =>
    writeDurably(join(resultsDir, name), contents);
  const trainingPng = await drawTraining(await readCurves(results));
  await write(RESULT_FILES.trainingPicture, trainingPng);
  const sections = [
    evaluated && (await writeEvaluation(write, results, evaluated)),
    dataSection(exploration, explorationPng),
    trainingSection(trainingPng, finished.effort, { ...training.options }),
    environmentSection(),
  ].filter((section) => section !== undefined);
  const subtitle = `Version ${manifest.version}, made on ${manifest.createdAt.slice(0, 10)}`;
  await write(RESULT_FILES.page, renderPage('Movie-review sentiment: a training', subtitle, sections));
  training.progress.say(`pictures, figures and ${RESULT_FILES.page} are in ${resultsDir}`);
}

async function writeEvaluation(
  write: (name: string, contents: Uint8Array | string) => Promise<void>,
  { manifest }: TrainingResults,
  evaluated: EvaluatedPart,
): Promise<Html> {
  const evaluationPng = await drawEvaluation(toEvaluationData(evaluated));
  const { report, source, graph, rows, probabilities } = evaluated;
  const { maxLength, truncation } = manifest.text;
  const figures = {
    ...report,
    slices: slicesOf(evaluated),
    model: { version: manifest.version, graph, max_length: maxLength, truncation },
    data: source,
  };
  await write(RESULT_FILES.evaluationPicture, evaluationPng);
  await write(RESULT_FILES.evaluation, toJson(figures));
  await write(RESULT_FILES.samples, toJson(samplePredictions(rows, probabilities)));
  const details = await drawDetails(toDetailsData(evaluated));
  return evaluationSection(reportedModels(manifest, evaluated), { evaluation: evaluationPng, details });
}

/** Both graphs, the served one first, and the linear model beside them. */
function reportedModels({ metrics }: TransformerManifest, { name, graph, report }: EvaluatedPart): ReportedModel[] {
  const reports = metrics as Readonly<Record<string, Readonly<Record<string, JsonValue>>>> | undefined;
  const others = [graph === 'int8' ? 'fp32' : 'int8', LINEAR_BASELINE].flatMap((other) => {
    const found = reports?.[name]?.[other];
    return found === undefined ? [] : [{ name: other, report: found as unknown as ReportedModel['report'] }];
  });
  return [{ name: `${graph}, as served`, report }, ...others];
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

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
