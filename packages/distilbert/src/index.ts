export { type Activation, type DistilBertConfig, LAYER_NORM_EPSILON, parseConfig } from './config.js';
export { type DistillationOptions, NO_LABEL } from './distillation-loss.js';
export { DistilBertError, type DistilBertErrorCode } from './distilbert-error.js';
export { evaluationGraph, inferenceModel } from './inference.js';
export {
  languageModelDropoutSpecs,
  languageModelEvaluation,
  languageModelGradients,
  languageModelStep,
} from './masked-language-model.js';
export { initialLossScale, LOSS_SCALE, SKIPPED_STEPS } from './loss-scale.js';
export type { DropoutSite } from './model.js';
export {
  HEAD_PARAMETERS,
  LANGUAGE_HEAD_PARAMETERS,
  languageModelShapes,
  parameterCount,
  type ParameterShapes,
  parameterShapes,
  type Weight,
  type Weights,
} from './parameters.js';
export {
  accumulationStep,
  averageOf,
  dropoutMask,
  type DropoutSpec,
  dropoutSpecs,
  firstMoment,
  gradientOf,
  gradientStep,
  type LossOptions,
  nextValue,
  type OptimizerOptions,
  secondMoment,
  trainingStep,
  updateStep,
} from './training-step.js';
export { quantizedModel } from './quantized-model.js';
export { saliencyModel } from './saliency.js';
export {
  exportWeights,
  type ImportedWeights,
  importLanguageModel,
  importWeights,
  requireHead,
  withNewHead,
  withNewLanguageHead,
} from './weights.js';
