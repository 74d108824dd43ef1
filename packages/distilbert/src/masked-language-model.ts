import {
  add,
  gather,
  gradient,
  type Graph,
  input,
  layerNorm,
  linear,
  logSumExp,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  sub,
  type Tensor,
  type Tensors,
} from '@marquee/autograd';

import { type DistilBertConfig, LAYER_NORM_EPSILON } from './config.js';
import { activate, encoder } from './model.js';
import {
  languageModelShapes,
  vocabularyBias,
  vocabularyNorm,
  vocabularyTransform,
  wordEmbeddings,
} from './parameters.js';
import { floatBlocks, lookUpWords } from './training-blocks.js';
import {
  declare,
  declareState,
  dropoutMask,
  type DropoutSpec,
  encoderDropoutSpecs,
  gradientOf,
  type OptimizerOptions,
  optimizerUpdate,
  renameKeys,
  stateInputs,
} from './training-step.js';

/** A batch of sequences without padding, of each of which the same number of tokens is to be told from the others. */
interface MaskedBatch {
  readonly inputs: readonly Tensor[];
  readonly inputIds: Tensor;
  /** A row of 0 and a single 1 for each token to be told: a product with it reads the rows that the head needs. */
  readonly maskedRows: Tensor;
  readonly labels: Tensor;
  readonly dropoutMasks: Tensors;
}

/** The sites of the masked language model with a rate above 0. The head drops nothing, as in transformers. */
export const languageModelDropoutSpecs = (config: DistilBertConfig): DropoutSpec[] =>
  encoderDropoutSpecs(config, 'masked').filter(({ rate }) => rate > 0);

/**
 * One optimizer step of masked-language-model training (Devlin et al. 2019) in one graph, as `trainingStep` for classification. The batch:
 * `input_ids` int64 [batch, seq], `masked_rows` float32 [batch, masked, seq], `labels` int64 [batch, masked] and the dropout masks.
 */
export function languageModelStep(config: DistilBertConfig, optimizer: OptimizerOptions): Graph {
  const state = declareState(languageModelShapes(config), optimizer);
  const batch = declareBatch(languageModelDropoutSpecs(config));
  const { outputs, gradients } = lossAndGradients(config, state.parameters, batch);
  return {
    name: 'language_model_step',
    inputs: [...stateInputs(state), ...batch.inputs],
    outputs: { ...optimizerUpdate(config, state, gradients, optimizer), loss: outputs.loss },
  };
}

/** Forward and gradients: inputs the parameters and the batch, outputs `gradient.*` and `loss`. */
export function languageModelGradients(config: DistilBertConfig): Graph {
  const parameters = declare(languageModelShapes(config));
  const batch = declareBatch(languageModelDropoutSpecs(config));
  const { outputs, gradients } = lossAndGradients(config, parameters, batch);
  return {
    name: 'language_model_gradients',
    inputs: [...Object.values(parameters), ...batch.inputs],
    outputs: { ...renameKeys(gradients, gradientOf), loss: outputs.loss },
  };
}

/**
 * What held-out text is measured with, without dropout: outputs `loss` and `logits` [batch · masked, vocab_size].
 */
export function languageModelEvaluation(config: DistilBertConfig): Graph {
  const parameters = declare(languageModelShapes(config));
  const batch = declareBatch([]);
  const { loss, logits } = languageModel(config, parameters, batch);
  return {
    name: 'language_model',
    inputs: [...Object.values(parameters), ...batch.inputs],
    outputs: { loss, logits },
  };
}

function declareBatch(dropout: readonly DropoutSpec[]): MaskedBatch {
  const inputIds = input('input_ids', 'int64', ['batch', 'seq']);
  const maskedRows = input('masked_rows', 'float32', ['batch', 'masked', 'seq']);
  const labels = input('labels', 'int64', ['batch', 'masked']);
  const masks = dropout.map(({ site, shape }) => [site, input(dropoutMask(site), 'float32', shape)] as const);
  const inputs = [inputIds, maskedRows, labels, ...masks.map(([, mask]) => mask)];
  return { inputs, inputIds, maskedRows, labels, dropoutMasks: Object.fromEntries(masks) };
}

const lossAndGradients = (config: DistilBertConfig, parameters: Tensors, batch: MaskedBatch) =>
  gradient((trained: Tensors, inputs: MaskedBatch) => languageModel(config, trained, inputs))(parameters, batch);

/** Encoder, head and mean cross-entropy over the masked tokens: transformers' `DistilBertForMaskedLM`. */
function languageModel(config: DistilBertConfig, parameters: Tensors, batch: MaskedBatch) {
  const parameter = (name: string): Tensor => parameters[name] as Tensor; // declared from `languageModelShapes`
  const { dim } = config;
  const words = lookUpWords(parameters, batch.inputIds);
  const hidden = encoder(config, floatBlocks(config, parameters, { words, dropoutMasks: batch.dropoutMasks }), {
    perSequence: 'masked',
    select: (x) => reshape(matmul(batch.maskedRows, reshape(x, ['batch', 'seq', dim])), ['batch*masked', dim]),
  });
  const transformed = activate(config, affine(vocabularyTransform, hidden));
  const normalized = layerNorm(
    transformed,
    parameter(`${vocabularyNorm}.weight`),
    parameter(`${vocabularyNorm}.bias`),
    LAYER_NORM_EPSILON,
  );
  const table = parameter(wordEmbeddings);
  const logits = linear(normalized, table, parameter(vocabularyBias)); // [batch · masked, vocab_size]
  // −log softmax(logits)[label]. The label's logit is computed from its row: a 0/1 matrix as wide as the vocabulary would cost as much as the logits.
  const labels = reshape(batch.labels, ['batch*masked']);
  const bias = gather(reshape(parameter(vocabularyBias), [config.vocab_size, 1]), labels);
  const labelLogits = add(reduceSum(mul(normalized, gather(table, labels)), [-1], { keepDims: true }), bias);
  return { loss: reduceMean(sub(logSumExp(logits), labelLogits)), logits };

  function affine(name: string, x: Tensor): Tensor {
    return linear(x, parameter(`${name}.weight`), parameter(`${name}.bias`));
  }
}
