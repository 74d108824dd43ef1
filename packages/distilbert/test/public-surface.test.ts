import { expect, it } from 'vitest';

import * as distilbert from '../src/index.js';

it('exports these names', () => {
  expect(Object.keys(distilbert).sort()).toMatchInlineSnapshot(`
    [
      "DistilBertError",
      "HEAD_PARAMETERS",
      "LANGUAGE_HEAD_PARAMETERS",
      "LAYER_NORM_EPSILON",
      "LOSS_SCALE",
      "NO_LABEL",
      "SKIPPED_STEPS",
      "accumulationStep",
      "averageOf",
      "dropoutMask",
      "dropoutSpecs",
      "evaluationGraph",
      "exportWeights",
      "firstMoment",
      "gradientOf",
      "gradientStep",
      "importLanguageModel",
      "importWeights",
      "inferenceModel",
      "initialLossScale",
      "languageModelDropoutSpecs",
      "languageModelEvaluation",
      "languageModelGradients",
      "languageModelShapes",
      "languageModelStep",
      "nextValue",
      "parameterCount",
      "parameterShapes",
      "parseConfig",
      "quantizedModel",
      "requireHead",
      "saliencyModel",
      "secondMoment",
      "trainingStep",
      "updateStep",
      "withNewHead",
      "withNewLanguageHead",
    ]
  `);
});
