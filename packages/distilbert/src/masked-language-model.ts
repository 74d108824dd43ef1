import {
  add,
  gather,
  type Graph,
  input,
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

import type { DistilBertConfig } from './config.js';
import { activate, encoder } from './model.js';
import {
  languageModelShapes,
  vocabularyBias,
  vocabularyNorm,
  vocabularyTransform,
  wordEmbeddings,
} from './parameters.js';
import { slicedGradients } from './sliced-gradients.js';
import { floatBlocks } from './training-blocks.js';
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
  sitesOf,
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
  const { inputs, inputIds, labels, maskedRows } = declareBatch([]);
  const table = parameters[wordEmbeddings] as Tensor; // declared
  const rows = { words: gather(table, inputIds), labelWords: gather(table, labels) };
  const outputs = languageModel(config, parameters, { ...rows, maskedRows, labels });
  return { name: 'language_model', inputs: [...Object.values(parameters), ...inputs], outputs: { ...outputs } };
}

function declareBatch(dropout: readonly DropoutSpec[]): MaskedBatch {
  const inputIds = input('input_ids', 'int64', ['batch', 'seq']);
  const maskedRows = input('masked_rows', 'float32', ['batch', 'masked', 'seq']);
  const labels = input('labels', 'int64', ['batch', 'masked']);
  const masks = dropout.map(({ site, shape }) => [site, input(dropoutMask(site), 'float32', shape)] as const);
  const inputs = [inputIds, maskedRows, labels, ...masks.map(([, mask]) => mask)];
  return { inputs, inputIds, maskedRows, labels, dropoutMasks: Object.fromEntries(masks) };
}

function lossAndGradients(config: DistilBertConfig, parameters: Tensors, batch: MaskedBatch) {
  const { labels, maskedRows, dropoutMasks } = batch;
  return slicedGradients(parameters, {
    lookUps: {
      words: { parameter: wordEmbeddings, ids: batch.inputIds },
      label_words: { parameter: wordEmbeddings, ids: labels },
    },
    whole: Object.keys(parameters),
    batch: { labels, masked_rows: maskedRows, ...renameKeys(dropoutMasks, dropoutMask) },
    lossOf: (trained, slice) => {
      const at = (name: string): Tensor => slice[name] as Tensor; // named above
      const { loss } = languageModel(config, trained, {
        words: at('words'),
        labelWords: at('label_words'),
        maskedRows: at('masked_rows'),
        labels: at('labels'),
        dropoutMasks: sitesOf(languageModelDropoutSpecs(config), slice),
      });
      return { loss };
    },
  });
}

interface MaskedInputs {
  /** Word embeddings of the tokens, [batch, seq, dim]. */
  readonly words: Tensor;
  /** Word embeddings of the labels, [batch, masked, dim]. */
  readonly labelWords: Tensor;
  readonly maskedRows: Tensor;
  readonly labels: Tensor;
  readonly dropoutMasks?: Tensors;
}

/** Encoder, head and mean cross-entropy over the masked tokens: transformers' `DistilBertForMaskedLM`. */
function languageModel(
  config: DistilBertConfig,
  parameters: Tensors,
  { words, labelWords, maskedRows, labels, dropoutMasks }: MaskedInputs,
): { readonly loss: Tensor; readonly logits: Tensor } {
  const parameter = (name: string): Tensor => parameters[name] as Tensor; // declared from `languageModelShapes`
  const { dim } = config;
  const blocks = floatBlocks(config, parameters, { words, dropoutMasks });
  const hidden = encoder(config, blocks, {
    perSequence: 'masked',
    select: (x) => reshape(matmul(maskedRows, reshape(x, ['batch', 'seq', dim])), ['batch*masked', dim]),
  });
  const transformed = activate(config, blocks.project(vocabularyTransform, hidden));
  const normalized = blocks.normalize(vocabularyNorm, transformed);
  const bias = parameter(vocabularyBias);
  const logits = linear(normalized, parameter(wordEmbeddings), bias); // [batch · masked, vocab_size]
  // −log softmax(logits)[label]. The label's logit is computed from its row: a 0/1 matrix as wide as the vocabulary would cost as much as the logits.
  const products = mul(normalized, reshape(labelWords, ['batch*masked', dim]));
  const labelBias = gather(reshape(bias, [config.vocab_size, 1]), reshape(labels, ['batch*masked']));
  const labelLogits = add(reduceSum(products, [-1], { keepDims: true }), labelBias);
  return { loss: reduceMean(sub(logSumExp(logits), labelLogits)), logits };
}
