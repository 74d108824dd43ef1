import { decodeSafetensors, SafetensorsError, toFloat32 } from '@marquee/safetensors';

import { type ArtifactSource, loadJsonObject } from '../artifact.js';
import { ModelCoreError } from '../errors.js';
import { checkSaliencyGraph } from '../graph-policy.js';
import { manifestFile } from '../manifest.js';
import { createSession, type SessionOptions, Tensor } from '../runtime.js';
import { SALIENCY_FILE } from './saliency-file.js';

const WEIGHTS_FILE = 'model.safetensors';
/** DistilBERT's, where config.json says nothing. */
const DEFAULT_PAD_ID = 0;
/** Points of the line that one run takes: so many fill the processor, and the signal is looked at after each run. */
const MAX_RUN_TOKENS = 512;

/** A line of word embeddings from a baseline (0) to a review (1). */
export interface Line {
  readonly inputIds: Int32Array;
  readonly baselineIds: Int32Array;
}

export interface LinePoint {
  readonly logit: number;
  /** Gradient times the whole line's difference, by token. */
  readonly products: Float32Array;
}

/** The gradients of one transformer. */
export interface Saliency {
  /** Of [PAD], by whose embedding every word is replaced in the baseline. */
  readonly padId: number;
  /** How many points of such a line one run takes. */
  batchOf(tokens: number): number;
  run(line: Line, alphas: readonly number[]): Promise<LinePoint[]>;
  release(): Promise<void>;
}

/** Loads gradients and weights from verified bytes. Throws `SALIENCY_UNAVAILABLE`, `INVALID_GRAPH`, `INVALID_WEIGHTS` and what reading throws. */
export async function openSaliency(artifact: ArtifactSource, options: SessionOptions): Promise<Saliency> {
  if (!manifestFile(artifact.manifest, SALIENCY_FILE)) {
    throw new ModelCoreError(
      'SALIENCY_UNAVAILABLE',
      `${SALIENCY_FILE} is not in the artifact; add it with: npm run export -- --model ${artifact.dir} --only saliency`,
      { file: SALIENCY_FILE },
    );
  }
  const bytes = await artifact.load(SALIENCY_FILE);
  const weights = await loadWeights(artifact);
  const { pad_token_id: padId } = await loadJsonObject(artifact, 'config.json');
  checkSaliencyGraph(bytes, { file: SALIENCY_FILE, weights: new Map(weights.map(([name, { dims }]) => [name, dims])) });
  const session = await createSession(bytes, { ...options, device: 'cpu' });
  const wanted = new Set(session.inputNames);
  const parameters = Object.fromEntries(weights.filter(([name]) => wanted.has(name)));
  const batchOf = (tokens: number): number => Math.max(1, Math.floor(MAX_RUN_TOKENS / tokens));
  return {
    padId: isTokenId(padId) ? padId : DEFAULT_PAD_ID,
    batchOf,
    release: () => session.release(),
    async run({ inputIds, baselineIds }, alphas) {
      const ids = (from: Int32Array) => new Tensor('int64', BigInt64Array.from(from, BigInt), [1, from.length]);
      const { logit, products } = await session.run({
        ...parameters,
        input_ids: ids(inputIds),
        baseline_ids: ids(baselineIds),
        alphas: new Tensor('float32', Float32Array.from(alphas), [alphas.length]),
      });
      return toPoints(logit?.data, products?.data, alphas.length, inputIds.length);
    },
  };
}

const isTokenId = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

async function loadWeights(artifact: ArtifactSource): Promise<(readonly [string, Tensor])[]> {
  const bytes = await artifact.load(WEIGHTS_FILE);
  try {
    const { tensors } = decodeSafetensors(bytes, WEIGHTS_FILE);
    return [...tensors].map(
      ([name, stored]) => [name, new Tensor('float32', toFloat32(stored), stored.shape)] as const,
    );
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) throw cause;
    throw new ModelCoreError('INVALID_WEIGHTS', cause.message, { file: WEIGHTS_FILE, cause });
  }
}

function toPoints(logits: unknown, products: unknown, points: number, tokens: number): LinePoint[] {
  const isWhole =
    logits instanceof Float32Array &&
    products instanceof Float32Array &&
    logits.length === points &&
    products.length === points * tokens &&
    logits.every(Number.isFinite) &&
    products.every(Number.isFinite);
  if (!isWhole) {
    throw new ModelCoreError(
      'RUN_FAILED',
      `${SALIENCY_FILE} must give a finite logit and gradients at each of ${points} points, and did not`,
    );
  }
  return Array.from(logits, (logit, point) => ({
    logit,
    products: products.subarray(point * tokens, (point + 1) * tokens),
  }));
}
