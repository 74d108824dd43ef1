import { toModel } from '@marquee/autograd';
import { languageModelEvaluation } from '@marquee/distilbert';
import { createSession, type Tensor } from '@marquee/model-core';

import { packSequences } from './packed-sequences.js';
import type { Pretraining } from './prepare-pretraining.js';
import { sessionOptions } from './session-options.js';
import { maskTokens } from './token-masking.js';
import { TrainerError } from './trainer-error.js';

export interface LanguageModelEvaluator {
  /** Mean cross-entropy, in nats, of the masked tokens of the held-out text, without dropout. Throws `INTERRUPTED`. */
  loss(parameters: Readonly<Record<string, Tensor>>): Promise<number>;
  close(): Promise<void>;
}

/** Which tokens are masked is the same at each evaluation, whatever the training's seed: so that losses of different runs compare. */
const EVALUATION_SEED = 0;

/** Measures weights that are still in training on the held-out text; none where nothing is held out. */
export async function createLanguageModelEvaluator({
  options,
  config,
  model,
  validation,
  vocabulary,
  progress,
  stopRequested,
}: Pretraining): Promise<LanguageModelEvaluator | undefined> {
  if (!validation) return undefined;
  const sequences = packSequences(validation, { length: options.maxSeqLength, clsId: vocabulary.clsId });
  const session = await createSession(toModel(languageModelEvaluation(config)), sessionOptions(options));
  const names = [...model.weights.keys()];
  const batchSize = options.perDeviceEvalBatchSize;
  const masking = { probability: options.mlmProbability, seed: EVALUATION_SEED };
  return {
    async loss(parameters) {
      const weights = Object.fromEntries(names.map((name) => [name, parameters[name] as Tensor])); // the state holds every parameter
      const start = performance.now();
      let sum = 0;
      for (let first = 0; first < sequences.count; first += batchSize) {
        if (stopRequested())
          throw new TrainerError(
            'INTERRUPTED',
            `stopped after ${first} of ${sequences.count} sequences of an evaluation`,
          );
        const rows = Array.from({ length: Math.min(batchSize, sequences.count - first) }, (_, i) => first + i);
        const { inputs } = maskTokens(sequences, rows, vocabulary, { ...masking, step: first });
        const outputs = await session.run({ ...weights, ...inputs }, { loss: null });
        sum += rows.length * Number(outputs['loss']?.data[0]);
        const done = first + rows.length;
        const secondsLeft = ((performance.now() - start) / 1000 / done) * (sequences.count - done);
        progress.count({ done, total: sequences.count, unit: 'held-out sequences', secondsLeft });
      }
      progress.done();
      return sum / sequences.count;
    },
    close: () => session.release(),
  };
}
