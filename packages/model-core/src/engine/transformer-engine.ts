import { type ArtifactSource, loadJsonObject } from '../artifact.js';
import { messageOf, ModelCoreError } from '../errors.js';
import { checkGraph } from '../graph-policy.js';
import { manifestFile } from '../manifest.js';
import { LABELS, type ManifestOf } from '../manifest-format.js';
import { parseModelConfig } from '../model-config.js';
import { createSession, missingCudaLibraries, type Session, Tensor } from '../runtime.js';
import type { ClassifierOptions } from './engine.js';
import {
  type ExecutionPlan,
  type Graph,
  GRAPH_FILES,
  planExecution,
  withoutInt8,
  withPrecisionOption,
} from './execution-plan.js';
import { guardInt8, type Machine, PRECISION_OPTION } from './int8-guard.js';

/** The session of one transformer. */
export interface TransformerEngine {
  readonly plan: ExecutionPlan;
  /** Logits of one encoded review. Throws `INVALID_INPUT` and `RUN_FAILED`. */
  run(inputIds: Int32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Which token ids a transformer takes. */
interface InputLimits {
  readonly maxLength: number;
  readonly vocabSize: number;
}

/** Builds the session of a transformer from the verified bytes of its artifact. */
export async function openTransformerEngine(
  artifact: ArtifactSource,
  { text }: ManifestOf<'transformer'>,
  options: ClassifierOptions,
  machine: Machine,
): Promise<TransformerEngine> {
  const { vocabSize } = parseModelConfig(await loadJsonObject(artifact, 'config.json'));
  const limits = { maxLength: text.maxLength, vocabSize };
  const { session, plan } = await openSession(artifact, options, vocabSize, machine);
  return {
    plan,
    run(inputIds) {
      checkInputIds(inputIds, limits);
      return runReview(session, inputIds);
    },
    release: () => session.release(),
  };
}

interface PlannedSession {
  readonly session: Session;
  readonly plan: ExecutionPlan;
}

async function openSession(
  artifact: ArtifactSource,
  { device = 'auto', graph = 'auto', ...options }: ClassifierOptions,
  vocabSize: number,
  machine: Machine,
): Promise<PlannedSession> {
  const available = (Object.keys(GRAPH_FILES) as Graph[]).filter((name) =>
    manifestFile(artifact.manifest, GRAPH_FILES[name]),
  );
  const request = { device, graph, available, dir: artifact.dir };
  const open = async (plan: ExecutionPlan): Promise<PlannedSession> => {
    const file = GRAPH_FILES[plan.graph];
    const bytes = await artifact.load(file);
    const { largestInt8Weight } = checkGraph(bytes, { file, vocabSize });
    const int8Guard = plan.device === 'cpu' ? guardInt8(largestInt8Weight, machine) : undefined;
    if (!int8Guard) return { session: await createSession(bytes, { ...options, device: plan.device }), plan };
    if (int8Guard !== 'precision-option') {
      return { session: await createSession(bytes, options), plan: { ...plan, int8Guard } };
    }
    if (graph === 'auto' && plan.graph === 'int8' && available.includes('fp32')) return open(withoutInt8(plan));
    const config = { ...options.config, ...PRECISION_OPTION };
    return { session: await createSession(bytes, { ...options, config }), plan: withPrecisionOption(plan) };
  };

  const missingCuda = device === 'cpu' ? undefined : missingCudaLibraries();
  try {
    return await open(planExecution({ ...request, missingCuda }));
  } catch (error) {
    if (device !== 'auto' || !(error instanceof ModelCoreError) || error.code !== 'DEVICE_UNAVAILABLE') throw error;
    // The provider's libraries are there, and the driver or CUDA itself is not: known only by trying.
    return open(planExecution({ ...request, missingCuda: messageOf(error) }));
  }
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

function checkInputIds(inputIds: Int32Array, { maxLength, vocabSize }: InputLimits): void {
  if (inputIds.length < 1 || inputIds.length > maxLength) {
    throw new ModelCoreError('INVALID_INPUT', `a review must have 1 to ${maxLength} token ids, got ${inputIds.length}`);
  }
  const outside = inputIds.find((id) => id < 0 || id >= vocabSize);
  if (outside === undefined) return;
  throw new ModelCoreError('INVALID_INPUT', `token ids must be from 0 to ${vocabSize - 1}, got ${outside}`);
}
