import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { createTokenizer, createTokenizerJson } from '@marquee/model-core';

import { planTraining } from './batch-source.js';
import { latestCheckpoint, loadCheckpoint } from './checkpoint.js';
import { createEvaluator } from './evaluator.js';
import { prepareData, type TrainingData } from './prepare-data.js';
import type { Progress } from './progress.js';
import { loadStartingModel, type StartingModel } from './starting-model.js';
import { openTrainLog } from './train-log.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';
import { runSteps } from './training-run.js';
import { initialState } from './training-state.js';

export interface TrainDependencies {
  readonly progress: Progress;
  /** Asked before each step: true ends the run after a checkpoint. */
  readonly stopRequested: () => boolean;
}

export async function runTraining(options: TrainOptions, { progress, stopRequested }: TrainDependencies) {
  const model = await loadStartingModel(options.modelNameOrPath, options.seed);
  const config = options.dropout === undefined ? model.config : { ...model.config, dropout: options.dropout, attention_dropout: options.dropout };
  const tokenizer = createTokenizer(createTokenizerJson(model.tokenizerJson), model.tokenizerConfig, {
    maxLength: options.maxSeqLength,
    truncation: options.truncation,
  });
  const data = await prepareData(options, tokenizer);
  const plan = planTraining(data.train.encoded, {
    batchSize: options.perDeviceTrainBatchSize,
    accumulationSteps: options.gradientAccumulationSteps,
    numEpochs: options.numTrainEpochs,
    seed: options.seed,
  });
  const fingerprint = fingerprintOf(options, model, data);
  const checkpoint = await resumePoint(options, fingerprint);
  const initial = checkpoint?.state ?? initialState(model.weights);
  progress.say(`training on ${data.train.reviews.length} reviews, ${plan.totalSteps} steps, from step ${initial.step}`);
  const log = openTrainLog(join(options.outputDir, 'train_log.jsonl'), initial.step);
  const evaluator = await createEvaluator(config, options.perDeviceEvalBatchSize, options.threads);
  return runSteps({
    options,
    config,
    reviews: data.train.encoded,
    plan,
    fingerprint,
    initial,
    evaluations: checkpoint?.run.evaluations ?? [],
    log,
    progress,
    stopRequested,
    evaluate: async (state) => {
      if (!data.validation) return {};
      const p = await evaluator.positiveProbabilities(state.tensors, data.validation.encoded);
      const right = p.reduce((n, q, i) => n + Number(q > 0.5 === (data.validation?.encoded.labels[i] === 1)), 0);
      progress.say(`validation accuracy ${right / p.length}`);
      return { accuracy: right / p.length };
    },
    lineOf: (row) => data.train.reviews[row]?.line ?? 0,
  });
}

/** Everything that decides the trained numbers, so that a resume under other options or data is refused. */
function fingerprintOf(options: TrainOptions, model: StartingModel, data: TrainingData): string {
  const parts = [decisiveOptions(options), model.weightsDigest, data.train.source, data.train.reviews.length];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function resumePoint({ resumeFromCheckpoint, outputDir }: TrainOptions, fingerprint: string) {
  if (resumeFromCheckpoint === undefined) return undefined;
  const path = resumeFromCheckpoint === true ? await latestCheckpoint(outputDir) : resumeFromCheckpoint;
  if (path === undefined) throw new TrainerError('INVALID_CHECKPOINT', `${outputDir}: expected a checkpoint to resume from, found none`);
  const checkpoint = await loadCheckpoint(path);
  if (checkpoint.run.fingerprint !== fingerprint) {
    throw new TrainerError('INVALID_CHECKPOINT', `${path}: expected the options, data and starting model that this checkpoint was made with`);
  }
  return checkpoint;
}
