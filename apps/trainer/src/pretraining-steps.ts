import { languageModelDropoutSpecs, languageModelStep } from '@marquee/distilbert';

import { createDropoutMasks } from './dropout-masks.js';
import { createGraphOptimizer, type Optimizer } from './optimizer-loop.js';
import { optimizerOptions } from './optimizer-options.js';
import { sessionOptions } from './session-options.js';
import { type PackedSequences, packSequences, shuffleTexts } from './packed-sequences.js';
import type { Pretraining } from './prepare-pretraining.js';
import { maskTokens } from './token-masking.js';
import type { StepData } from './training-run.js';
import type { TrainingState } from './training-state.js';

export const openLanguageModelOptimizer = (
  { options, config, plan }: Pretraining,
  initial: TrainingState,
): Promise<Optimizer> =>
  createGraphOptimizer(
    languageModelStep(config, optimizerOptions(options, plan.totalSteps)),
    initial,
    sessionOptions(options),
  );

/** The packed sequences that the plan has for a step; order, masking and dropout depend on seed and step alone. */
export function pretrainingSteps({
  options,
  config,
  train,
  vocabulary,
  plan,
}: Pretraining): (step: number) => StepData {
  const { seed, maxSeqLength: length, mlmProbability: probability } = options;
  const masks = createDropoutMasks(languageModelDropoutSpecs(config));
  let packed: { epoch: number; sequences: PackedSequences } | undefined;
  const sequencesOf = (epoch: number): PackedSequences => {
    if (packed?.epoch !== epoch)
      packed = {
        epoch,
        sequences: packSequences(shuffleTexts(train, seed, epoch), { length, clsId: vocabulary.clsId }),
      };
    return packed.sequences;
  };
  return (step) => {
    const rows = plan.rowsOf(step);
    return {
      tokens: rows.length * length,
      place: () => `sequences ${rows[0]} to ${rows.at(-1)} of epoch ${plan.epochOf(step)}`,
      microBatches: [
        () => {
          const sequences = sequencesOf(plan.epochOf(step));
          const { size, inputs } = maskTokens(sequences, rows, vocabulary, { probability, seed, step });
          return { ...inputs, ...masks.next(size, { seed, microStep: step }) };
        },
      ],
    };
  };
}
