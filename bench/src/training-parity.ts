import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toModel } from '@marquee/autograd';
import {
  type DistilBertConfig,
  evaluationGraph,
  exportWeights,
  gradientOf,
  gradientStep,
  inferenceModel,
  type Weights,
} from '@marquee/distilbert';
import { createSession, Tensor } from '@marquee/model-core';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '@marquee/safetensors';
import { createOptimizer, initialState, type TrainingState } from '@marquee/trainer';

import { absoluteError, type Check, relativeError } from './parity-check.js';
import { askReference, readFloatTensors, type TrainReference } from './parity-reference.js';

export const LOGIT_LIMIT = 1e-5;
export const RELATIVE_LIMIT = 1e-4;

/**
 * Softmax does not change when all scores of a row grow alike, so a key bias has no gradient: both sides compute rounding, which AdamW then
 * normalizes into steps.
 */
const isRoundingOnly = (name: string): boolean => name.endsWith('k_lin.bias');

/**
 * A usual rate of fine-tuning. AdamW moves an element whose gradient is all rounding by as much as any other, in whatever direction: the rate
 * bounds what that adds to the error of a weight.
 */
const OPTIMIZER = { learningRate: 2e-5, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1 };

export interface TrainingParityOptions {
  readonly python: string;
  /** Folder for the model as a file and for what PyTorch makes of it. */
  readonly dir: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly tokens: number;
}

export interface TrainingParity {
  readonly versions: TrainReference['versions'];
  readonly parameters: number;
  readonly checks: readonly Check[];
}

/** Logits, loss, every gradient, and every weight after AdamW steps on a padded batch, beside PyTorch's `DistilBertForSequenceClassification`. */
export async function compareTraining(
  config: DistilBertConfig,
  weights: Weights,
  options: TrainingParityOptions,
): Promise<TrainingParity> {
  const modelDir = join(options.dir, 'model');
  await writeModel(modelDir, config, weights);
  const reference = (await askReference(options.python, 'train', {
    model: modelDir,
    'output-dir': join(options.dir, 'reference'),
    steps: options.steps,
    'batch-size': options.batchSize,
    tokens: options.tokens,
    'learning-rate': OPTIMIZER.learningRate,
    'weight-decay': OPTIMIZER.weightDecay,
  })) as TrainReference;
  const batch = await readBatch(reference.files.batch);
  const checks = [
    ...(await compareLogits(config, weights, batch, reference)),
    ...(await compareGradients(config, weights, batch, reference)),
    ...(await compareSteps(config, weights, batch, reference)),
  ];
  return { versions: reference.versions, parameters: reference.parameters, checks };
}

/** A folder that `from_pretrained` loads: configuration and float32 weights. */
export async function writeModel(dir: string, config: DistilBertConfig, weights: Weights): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(
    join(dir, 'config.json'),
    JSON.stringify({ architectures: ['DistilBertForSequenceClassification'], ...config }),
  );
  await writeFile(join(dir, 'model.safetensors'), encodeSafetensors(exportWeights(weights, 'F32')));
}

interface Batch {
  /** `input_ids` and `attention_mask`. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly labels: Tensor;
}

async function readBatch(path: string): Promise<Batch> {
  const { tensors } = decodeSafetensors(await readFile(path), path);
  const read = (name: string): Tensor => toInt64(tensors.get(name), name);
  return { inputs: { input_ids: read('input_ids'), attention_mask: read('attention_mask') }, labels: read('labels') };
}

function toInt64(stored: StoredTensor | undefined, name: string): Tensor {
  if (stored?.dtype !== 'I64') throw new RangeError(`bug: the reference wrote no int64 tensor "${name}"`);
  const bytes = Uint8Array.from(stored.data); // copied, so that it is aligned
  return new Tensor('int64', new BigInt64Array(bytes.buffer), [...stored.shape]);
}

const parameterTensors = (weights: Weights): Record<string, Tensor> =>
  Object.fromEntries([...weights].map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]));

const valuesOf = (tensor: Tensor | undefined): Float32Array => (tensor?.data ?? new Float32Array(0)) as Float32Array;

async function run(model: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await createSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

async function compareLogits(
  config: DistilBertConfig,
  weights: Weights,
  { inputs }: Batch,
  reference: TrainReference,
): Promise<Check[]> {
  const fed = await run(toModel(evaluationGraph(config)), { ...parameterTensors(weights), ...inputs });
  const inside = await run(inferenceModel(config, weights), inputs);
  const check = (subject: string, { logits }: Record<string, Tensor>): Check => ({
    subject,
    error: absoluteError(valuesOf(logits), reference.logits.flat()),
    limit: LOGIT_LIMIT,
  });
  return [check('logits, weights fed (absolute)', fed), check('logits, exported fp32 graph (absolute)', inside)];
}

async function compareGradients(
  config: DistilBertConfig,
  weights: Weights,
  batch: Batch,
  reference: TrainReference,
): Promise<Check[]> {
  const feeds = { ...parameterTensors(weights), ...batch.inputs, labels: batch.labels };
  const outputs = await run(toModel(gradientStep(config, { labelSmoothing: 0, padded: true })), feeds);
  const compared: TensorError[] = [];
  let keyBias = 0;
  for await (const [name, expected] of readFloatTensors(reference.files.gradients)) {
    const actual = valuesOf(outputs[gradientOf(name)]);
    if (isRoundingOnly(name)) keyBias = Math.max(keyBias, absoluteError(actual, expected));
    else compared.push({ name, error: relativeError(actual, expected) });
  }
  return [
    {
      subject: 'loss (relative)',
      error: relativeError(valuesOf(outputs['loss']), [reference.loss]),
      limit: RELATIVE_LIMIT,
    },
    { subject: `gradients of ${compared.length} tensors (relative)`, ...worst(compared), limit: RELATIVE_LIMIT },
    { subject: 'gradients of k_lin.bias (absolute)', error: keyBias, note: 'exact value 0: rounding on both sides' },
  ];
}

async function compareSteps(
  config: DistilBertConfig,
  weights: Weights,
  batch: Batch,
  reference: TrainReference,
): Promise<Check[]> {
  const steps = reference.losses.length;
  const { state, losses, norms } = await train(config, weights, batch, steps);
  const compared: TensorError[] = [];
  const movement = { difference: 0, distance: 0 };
  let keyBias = 0;
  for await (const [name, expected] of readFloatTensors(reference.files.trained)) {
    const actual = valuesOf(state.tensors[name]);
    if (isRoundingOnly(name)) {
      keyBias = Math.max(keyBias, absoluteError(actual, expected));
      continue;
    }
    compared.push({ name, error: relativeError(actual, expected) });
    movement.difference += squaredDistance(actual, expected);
    movement.distance += squaredDistance(expected, weights.get(name)?.data ?? []);
  }
  return [
    {
      subject: `loss of ${steps} steps (relative)`,
      error: relativeError(losses, reference.losses),
      limit: RELATIVE_LIMIT,
    },
    {
      subject: `gradient norm of ${steps} steps (relative)`,
      error: relativeError(norms, reference.gradientNorms),
      limit: RELATIVE_LIMIT,
    },
    {
      subject: `${compared.length} weight tensors after ${steps} AdamW steps (relative)`,
      ...worst(compared),
      limit: RELATIVE_LIMIT,
    },
    {
      subject: 'distance of the trained weights, of the way that they moved',
      error: Math.sqrt(movement.difference / movement.distance),
      note: 'norms over all of them',
    },
    {
      subject: `k_lin.bias after ${steps} AdamW steps (absolute)`,
      error: keyBias,
      note: 'AdamW scales rounding up to steps',
    },
  ];
}

interface TrainedState {
  readonly state: TrainingState;
  readonly losses: readonly number[];
  readonly norms: readonly number[];
}

/** The trainer's own loop, without dropout. */
async function train(config: DistilBertConfig, weights: Weights, batch: Batch, steps: number): Promise<TrainedState> {
  const optimizer = await createOptimizer(config, initialState(weights), {
    loss: { labelSmoothing: 0, padded: true },
    optimizer: { ...OPTIMIZER, schedule: { kind: 'constant', warmupSteps: 0, totalSteps: steps } },
    accumulationSteps: 1,
  });
  const losses: number[] = [];
  const norms: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const result = await optimizer.step([() => ({ ...batch.inputs, labels: batch.labels })]);
    losses.push(result.loss);
    norms.push(result.gradientNorm);
  }
  await optimizer.close();
  return { state: optimizer.state, losses, norms };
}

interface TensorError {
  readonly name: string;
  readonly error: number;
}

/** The largest error and whose it is; NaN counts as the largest. */
function worst(errors: readonly TensorError[]): { error: number; note: string } {
  const [first] = errors.toSorted(
    (a, b) => (Number.isNaN(b.error) ? Infinity : b.error) - (Number.isNaN(a.error) ? Infinity : a.error),
  );
  return { error: first?.error ?? NaN, note: `largest: ${first?.name ?? 'nothing compared'}` };
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] as number) - (b[i] as number)) ** 2; // lengths are equal
  return sum;
}
