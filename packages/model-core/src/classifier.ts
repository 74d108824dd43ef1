import { setImmediate } from 'node:timers/promises';

import { openArtifact } from './artifact.js';
import { type ClassifierOptions, type Engine, type EngineInfo, openEngine } from './engine/engine.js';
import { ModelCoreError } from './errors.js';
import { MANIFEST_FILE } from './manifest-format.js';
import { createPlanner, openPlanner, type ReviewPlanner } from './planner/planner.js';
import type { PlannerInfo, Prediction, ReviewPlan } from './planner/review-plan.js';
import { openTransformerPlanner } from './planner/transformer-planner.js';
import type { ReviewTokenizer } from './tokenizer.js';

/** A blend and a cascade say of device, graph, vocabulary and text what their first transformer says. */
export interface ClassifierInfo extends Omit<PlannerInfo, 'members'>, Omit<EngineInfo, 'members'> {
  /** What a blend or a cascade is made of, by name. */
  readonly members?: Readonly<Record<string, ClassifierInfo>>;
}

/** How long texts that need no run may keep other events waiting; a run lets them be seen by itself. */
const TURN_MS = 10;

export interface Classifier {
  readonly info: ClassifierInfo;
  /**
   * Classifies texts, one review a run, in order. Calls may overlap: their runs take turns. The event loop stands still
   * during a run (some 10 to 100 ms), and for 10 ms at a time where linear models answer alone. Throws `INVALID_INPUT`
   * for anything but strings, `RUN_FAILED`, and `CLOSED`.
   */
  predict(texts: readonly string[]): Promise<Prediction[]>;
  /** Waits for the run in progress and releases the sessions; runs that wait end as `CLOSED`. */
  close(): Promise<void>;
}

/** A transformer's classifier, which also works on token ids. */
export interface TransformerClassifier extends Classifier {
  /** All of `ClassifierInfo` that a transformer has. */
  readonly info: ClassifierInfo & Required<Pick<ClassifierInfo, 'graph' | 'vocabSize' | 'maxLength' | 'truncation'>>;
  readonly tokenizer: ReviewTokenizer;
  /**
   * Logits `[negative, positive]` of one encoded review; not divided by the temperature. Calls may overlap: their runs take turns. Throws `INVALID_INPUT`,
   * `RUN_FAILED`, and `CLOSED`.
   */
  classify(inputIds: Int32Array): Promise<Float32Array>;
}

/**
 * Loads an artifact folder of any kind, planner and engine in one process: compares the digests of what it reads, then builds the models from those very
 * bytes. Throws a `ModelCoreError`, whose codes stand in errors.ts, for anything that does not fit together.
 */
export async function loadClassifier(dir: string, options: ClassifierOptions = {}): Promise<Classifier> {
  const artifact = await openArtifact(dir);
  const planner = createPlanner(await openPlanner(artifact));
  return createClassifier(planner, await openEngine(artifact, options));
}

/** Loads a transformer's artifact. Throws as `loadClassifier`, and `UNSUPPORTED_FORMAT` for another kind. */
export async function loadTransformer(dir: string, options: ClassifierOptions = {}): Promise<TransformerClassifier> {
  const artifact = await openArtifact(dir);
  const { manifest } = artifact;
  if (manifest.kind !== 'transformer') {
    throw new ModelCoreError('UNSUPPORTED_FORMAT', `${dir} must be a transformer, got a ${manifest.kind}`, {
      file: MANIFEST_FILE,
    });
  }
  const planner = await openTransformerPlanner(artifact, manifest);
  const engine = await openEngine(artifact, options);
  const plan = engine.info.members['']!; // the engine of a transformer has this one
  const { info, tokenizer } = planner;
  return {
    ...createClassifier(createPlanner(planner), engine),
    info: { ...info, ...plan, runtimeVersion: engine.info.runtimeVersion },
    tokenizer,
    classify: (inputIds) => engine.run({ member: '', inputIds }),
  };
}

function createClassifier(planner: ReviewPlanner, engine: Engine): Classifier {
  let closed = false;
  return {
    info: joinInfo(planner.info, engine.info),
    async predict(texts) {
      checkTexts(texts);
      const predictions: Prediction[] = [];
      let turnMs = performance.now();
      for (const text of texts) {
        if (performance.now() - turnMs > TURN_MS) {
          await setImmediate();
          turnMs = performance.now();
        }
        if (closed) throw new ModelCoreError('CLOSED', 'the classifier was closed before this run');
        predictions.push(await answer(planner.plan(text), engine));
      }
      return predictions;
    },
    async close() {
      closed = true;
      await engine.close();
    },
  };
}

async function answer(plan: ReviewPlan, engine: Engine): Promise<Prediction> {
  const logits: Float32Array[] = [];
  for (const run of plan.runs) logits.push(await engine.run(run));
  return plan.conclude(logits);
}

/** What is known of a model whose planner and engine were loaded apart. */
export function joinInfo(
  { members, ...planner }: PlannerInfo,
  { members: plans, ...engine }: EngineInfo,
): ClassifierInfo {
  const info = { ...planner, ...engine };
  if (!members) return info;
  const { runtimeVersion } = engine;
  const joined = Object.entries(members).map(([name, { members: _, ...member }]) => {
    const plan = plans[name] ?? ({ device: 'cpu' } as const); // a linear model has no session
    return [name, { ...member, ...plan, runtimeVersion }];
  });
  return { ...info, members: Object.fromEntries(joined) as Record<string, ClassifierInfo> };
}

function checkTexts(texts: readonly unknown[]): void {
  if (!Array.isArray(texts)) {
    throw new ModelCoreError('INVALID_INPUT', `predict takes a list of texts, got ${typeof texts}`);
  }
  const index = texts.findIndex((text) => typeof text !== 'string'); // holes too
  if (index === -1) return;
  throw new ModelCoreError('INVALID_INPUT', `texts[${index}] must be a string, got ${typeof texts[index]}`);
}
