import { type Artifact, readArtifact } from './artifact.js';
import { messageOf, ModelCoreError } from './errors.js';
import { type ExecutionPlan, type Graph, GRAPH_FILES, planExecution } from './execution-plan.js';
import { checkGraph } from './graph-policy.js';
import { parseJsonObject } from './json.js';
import { LABELS, manifestFile, type Sentiment } from './manifest.js';
import { parseModelConfig } from './model-config.js';
import {
  createSession,
  missingCudaLibraries,
  runtimeVersion,
  type Session,
  type SessionDevice,
  type SessionOptions,
  Tensor,
} from './runtime.js';
import { softmax } from './softmax.js';
import { createTokenizer, type ReviewTokenizer } from './tokenizer.js';
import type { Truncation } from './truncation.js';

/** How a classifier is loaded. What a session takes (threads, arena, …) is passed on to it. */
export interface ClassifierOptions extends Omit<SessionOptions, 'device'> {
  /** Default `auto`: CUDA where it can be used, else the CPU, with the reason in `info.reason`. */
  readonly device?: 'auto' | SessionDevice;
  /** Default `auto`: int8 on the CPU, fp32 on CUDA. */
  readonly graph?: 'auto' | Graph;
}

export interface Prediction {
  /** The likelier label; `negative` when both are equally likely. */
  readonly sentiment: Sentiment;
  /** Probability of `sentiment`, 0.5 to 1. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<Sentiment, number>>;
  /** Tokens of the whole text, special tokens included, before any cut. */
  readonly tokenCount: number;
  /** Whether tokens past the artifact's limit were left unread. */
  readonly truncated: boolean;
}

export interface ClassifierInfo {
  readonly dir: string;
  readonly version: string;
  readonly modelType: string;
  readonly device: SessionDevice;
  readonly graph: Graph;
  /** Why CUDA is not used, when `auto` could have chosen it. */
  readonly reason?: string;
  readonly parameters: number;
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly truncation: Truncation;
  readonly labels: readonly Sentiment[];
  readonly temperature: number;
  readonly runtimeVersion: string;
}

export interface Classifier {
  readonly info: ClassifierInfo;
  readonly tokenizer: ReviewTokenizer;
  /**
   * Classifies texts, one review a run, in order. Calls may overlap: their runs take turns. The event loop stands still
   * during a run (some 10 to 100 ms). Throws `INVALID_INPUT` for anything but strings, `RUN_FAILED`, and `CLOSED`.
   */
  predict(texts: readonly string[]): Promise<Prediction[]>;
  /** Logits `[negative, positive]` of one encoded review; not divided by the temperature. */
  classify(inputIds: Int32Array): Promise<Float32Array>;
  /** Waits for the run in progress and releases the session; runs that wait end as `CLOSED`. */
  close(): Promise<void>;
}

/**
 * Loads an artifact folder: compares the digests of what it reads, then builds tokenizer and session from those very
 * bytes. Throws a `ModelCoreError`, whose codes stand in errors.ts, for anything that does not fit together.
 */
export async function loadClassifier(dir: string, options: ClassifierOptions = {}): Promise<Classifier> {
  const artifact = await readArtifact(dir, { files: ['tokenizer.json', 'tokenizer_config.json'] });
  const config = parseModelConfig(artifact.config);
  const { maxLength, truncation } = artifact.manifest.text;
  if (maxLength > config.maxPositions) {
    throw new ModelCoreError(
      'INVALID_CONFIG',
      `manifest.json: text.maxLength must be at most config.json's ${config.maxPositions} positions, got ${maxLength}`,
      { file: 'config.json' },
    );
  }
  const tokenizer = loadTokenizer(artifact, config.vocabSize);
  const { session, plan } = await openSession(artifact, options, tokenizer.vocabSize);
  const info: ClassifierInfo = {
    dir,
    version: artifact.manifest.version,
    modelType: config.modelType,
    ...plan,
    parameters: artifact.manifest.parameters,
    vocabSize: config.vocabSize,
    maxLength,
    truncation,
    labels: LABELS,
    temperature: artifact.manifest.temperature ?? 1,
    runtimeVersion: runtimeVersion(),
  };
  return createClassifier(session, tokenizer, info);
}

function loadTokenizer(artifact: Artifact, vocabSize: number): ReviewTokenizer {
  const [json, config] = (['tokenizer.json', 'tokenizer_config.json'] as const).map((file) =>
    parseJsonObject(artifact.bytes(file), file),
  );
  const tokenizer = createTokenizer(json ?? {}, config ?? {}, artifact.manifest.text);
  if (tokenizer.vocabSize === vocabSize) return tokenizer;
  throw new ModelCoreError(
    'VOCABULARY_MISMATCH',
    `tokenizer.json has ${tokenizer.vocabSize} tokens, and config.json's vocab_size is ${vocabSize}`,
    { file: 'tokenizer.json' },
  );
}

async function openSession(
  artifact: Artifact,
  options: ClassifierOptions,
  vocabSize: number,
): Promise<{ session: Session; plan: ExecutionPlan }> {
  const { device = 'auto', graph = 'auto', ...sessionOptions } = options;
  const request = {
    graph,
    available: (Object.keys(GRAPH_FILES) as Graph[]).filter((name) =>
      manifestFile(artifact.manifest, GRAPH_FILES[name]),
    ),
    dir: artifact.dir,
  };
  const plan = planExecution({
    ...request,
    device,
    missingCuda: device === 'cpu' ? undefined : missingCudaLibraries(),
  });
  try {
    return { session: await openGraph(artifact, plan, sessionOptions, vocabSize), plan };
  } catch (error) {
    if (device !== 'auto' || !(error instanceof ModelCoreError) || error.code !== 'DEVICE_UNAVAILABLE') throw error;
    // The provider's libraries are there, and the driver or CUDA itself is not: known only by trying.
    const fallback = planExecution({ ...request, device, missingCuda: messageOf(error) });
    return { session: await openGraph(artifact, fallback, sessionOptions, vocabSize), plan: fallback };
  }
}

async function openGraph(
  artifact: Artifact,
  { device, graph }: ExecutionPlan,
  options: Omit<SessionOptions, 'device'>,
  vocabSize: number,
): Promise<Session> {
  const file = GRAPH_FILES[graph];
  const bytes = await artifact.load(file);
  checkGraph(bytes, { file, vocabSize });
  return createSession(bytes, { ...options, device });
}

function createClassifier(session: Session, tokenizer: ReviewTokenizer, info: ClassifierInfo): Classifier {
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  const classify = (inputIds: Int32Array): Promise<Float32Array> => {
    const run = last.then(() => {
      if (closed) throw new ModelCoreError('CLOSED', 'the classifier was closed before this run');
      checkInputIds(inputIds, info);
      return runReview(session, inputIds);
    });
    last = run.catch(() => undefined);
    return run;
  };

  return {
    info,
    tokenizer,
    classify,
    async predict(texts) {
      checkTexts(texts);
      const predictions: Prediction[] = [];
      for (const text of texts) {
        const { inputIds, tokenCount, truncated } = tokenizer.encode(text);
        predictions.push({ ...toSentiment(await classify(inputIds), info.temperature), tokenCount, truncated });
      }
      return predictions;
    },
    async close() {
      closed = true;
      await last;
      await session.release();
    },
  };
}

/** One review a run, unpadded: as fast as a batch, and int8's scale is then the review's own. */
async function runReview(session: Session, inputIds: Int32Array): Promise<Float32Array> {
  const shape = [1, inputIds.length]; // [batch, seq]
  const feeds: Record<string, Tensor> = { input_ids: new Tensor('int64', BigInt64Array.from(inputIds, BigInt), shape) };
  if (session.inputNames.includes('attention_mask')) {
    feeds['attention_mask'] = new Tensor('int64', new BigInt64Array(inputIds.length).fill(1n), shape);
  }
  const logits = (await session.run(feeds, ['logits']))['logits']?.data;
  if (!(logits instanceof Float32Array) || logits.length !== LABELS.length || !logits.every(Number.isFinite)) {
    throw new ModelCoreError('RUN_FAILED', 'the model must give two finite logits for one review, and did not');
  }
  return logits;
}

function toSentiment(
  logits: Float32Array,
  temperature: number,
): Pick<Prediction, 'sentiment' | 'confidence' | 'probabilities'> {
  const [negative = NaN, positive = NaN] = softmax(logits, temperature);
  const sentiment = positive > negative ? 'positive' : 'negative';
  const probabilities = { negative, positive };
  return { sentiment, confidence: probabilities[sentiment], probabilities };
}

function checkTexts(texts: readonly unknown[]): void {
  if (!Array.isArray(texts)) {
    throw new ModelCoreError('INVALID_INPUT', `predict takes a list of texts, got ${typeof texts}`);
  }
  texts.forEach((text, index) => {
    if (typeof text === 'string') return;
    throw new ModelCoreError('INVALID_INPUT', `texts[${index}] must be a string, got ${typeof text}`);
  });
}

function checkInputIds(inputIds: Int32Array, { maxLength, vocabSize }: ClassifierInfo): void {
  if (inputIds.length < 1 || inputIds.length > maxLength) {
    throw new ModelCoreError('INVALID_INPUT', `a review must have 1 to ${maxLength} token ids, got ${inputIds.length}`);
  }
  const outside = inputIds.find((id) => id < 0 || id >= vocabSize);
  if (outside === undefined) return;
  throw new ModelCoreError('INVALID_INPUT', `token ids must be from 0 to ${vocabSize - 1}, got ${outside}`);
}
