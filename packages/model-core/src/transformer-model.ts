import type { ArtifactSource } from './artifact.js';
import { messageOf, ModelCoreError } from './errors.js';
import { type ExecutionPlan, type Graph, GRAPH_FILES, planExecution } from './execution-plan.js';
import { checkGraph } from './graph-policy.js';
import { type JsonObject, parseJsonObject } from './json.js';
import { manifestFile } from './manifest.js';
import { LABELS, type ManifestOf } from './manifest-format.js';
import { type ModelConfig, parseModelConfig } from './model-config.js';
import type { ClassifierInfo, ClassifierOptions, ReviewModel } from './review-model.js';
import {
  createSession,
  missingCudaLibraries,
  runtimeVersion,
  type Session,
  type SessionOptions,
  Tensor,
} from './runtime.js';
import { createTokenizer, type ReviewTokenizer, type TokenizerOptions } from './tokenizer.js';

/** All of `ClassifierInfo` that a transformer has. */
export type TransformerInfo = ClassifierInfo &
  Required<Pick<ClassifierInfo, 'graph' | 'vocabSize' | 'maxLength' | 'truncation'>>;

export interface TransformerModel extends ReviewModel {
  readonly info: TransformerInfo;
  readonly tokenizer: ReviewTokenizer;
  /**
   * Logits `[negative, positive]` of one encoded review; not divided by the temperature. Calls may overlap: their runs take turns. Throws `INVALID_INPUT`,
   * `RUN_FAILED`, and `CLOSED`.
   */
  classify(inputIds: Int32Array): Promise<Float32Array>;
}

/** Builds tokenizer and session of a transformer from the verified bytes of its artifact. */
export async function openTransformer(
  artifact: ArtifactSource,
  manifest: ManifestOf<'transformer'>,
  options: ClassifierOptions,
): Promise<TransformerModel> {
  const config = parseModelConfig(await loadJson(artifact, 'config.json'));
  const { text, version, parameters, temperature = 1 } = manifest;
  checkLength(text, config);
  const tokenizer = await loadTokenizer(artifact, text, config.vocabSize);
  const { session, plan } = await openSession(artifact, options, tokenizer.vocabSize);
  const info: TransformerInfo = {
    dir: artifact.dir,
    version,
    kind: 'transformer',
    modelType: config.modelType,
    ...plan,
    parameters,
    vocabSize: config.vocabSize,
    maxLength: text.maxLength,
    truncation: text.truncation,
    labels: LABELS,
    temperature,
    runtimeVersion: runtimeVersion(),
  };
  return createTransformerModel(session, tokenizer, info);
}

const loadJson = async (artifact: ArtifactSource, file: string): Promise<JsonObject> =>
  parseJsonObject(await artifact.load(file), file);

function checkLength({ maxLength }: TokenizerOptions, { maxPositions }: ModelConfig): void {
  if (maxLength <= maxPositions) return;
  throw new ModelCoreError(
    'INVALID_CONFIG',
    `manifest.json: text.maxLength must be at most config.json's ${maxPositions} positions, got ${maxLength}`,
    { file: 'config.json' },
  );
}

async function loadTokenizer(
  artifact: ArtifactSource,
  text: TokenizerOptions,
  vocabSize: number,
): Promise<ReviewTokenizer> {
  const tokenizerJson = await loadJson(artifact, 'tokenizer.json');
  const tokenizer = createTokenizer(tokenizerJson, await loadJson(artifact, 'tokenizer_config.json'), text);
  if (tokenizer.vocabSize === vocabSize) return tokenizer;
  throw new ModelCoreError(
    'VOCABULARY_MISMATCH',
    `tokenizer.json has ${tokenizer.vocabSize} tokens, and config.json's vocab_size is ${vocabSize}`,
    { file: 'tokenizer.json' },
  );
}

async function openSession(
  artifact: ArtifactSource,
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
  artifact: ArtifactSource,
  { device, graph }: ExecutionPlan,
  options: Omit<SessionOptions, 'device'>,
  vocabSize: number,
): Promise<Session> {
  const file = GRAPH_FILES[graph];
  const bytes = await artifact.load(file);
  checkGraph(bytes, { file, vocabSize });
  return createSession(bytes, { ...options, device });
}

function createTransformerModel(session: Session, tokenizer: ReviewTokenizer, info: TransformerInfo): TransformerModel {
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
    async score(text) {
      const { inputIds, tokenCount, truncated } = tokenizer.encode(text);
      const [negative = NaN, positive = NaN] = await classify(inputIds);
      return { logit: (positive - negative) / info.temperature, tokenCount, truncated };
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

function checkInputIds(inputIds: Int32Array, { maxLength, vocabSize }: TransformerInfo): void {
  if (inputIds.length < 1 || inputIds.length > maxLength) {
    throw new ModelCoreError('INVALID_INPUT', `a review must have 1 to ${maxLength} token ids, got ${inputIds.length}`);
  }
  const outside = inputIds.find((id) => id < 0 || id >= vocabSize);
  if (outside === undefined) return;
  throw new ModelCoreError('INVALID_INPUT', `token ids must be from 0 to ${vocabSize - 1}, got ${outside}`);
}
