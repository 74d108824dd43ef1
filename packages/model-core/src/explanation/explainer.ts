import { mersenne } from 'pure-rand/generator/mersenne';

import { type ArtifactSource, openArtifact } from '../artifact.js';
import { type ClassifierOptions, type Engine, openEngine } from '../engine/engine.js';
import { ModelCoreError } from '../errors.js';
import type { Manifest } from '../manifest-format.js';
import { readMembers } from '../members.js';
import { createBlendPlanner, openMemberPlanners } from '../planner/blend-planner.js';
import { createCascadePlanner } from '../planner/cascade-planner.js';
import { type LinearPlanner, openLinearPlanner } from '../planner/linear-planner.js';
import { type PlannerInfo, type Prediction, type ScorePlanner, toReviewPlan } from '../planner/review-plan.js';
import { openTransformerPlanner } from '../planner/transformer-planner.js';
import type { SessionOptions } from '../runtime.js';
import { EXPLANATION_METHODS, type ExplainOptions, type Explanation, type Scores } from './explanation.js';
import { gapOf, integratedGradients } from './integrated-gradients.js';
import { lime } from './lime.js';
import { createMeter, type Meter } from './meter.js';
import { occlusion } from './occlusion.js';
import { openSaliency, type Saliency } from './saliency.js';
import { shap } from './shap.js';
import { createValueOf, type ExplainedModel, modelAt, readSubject, type Subject } from './subject.js';

export interface Explainer {
  readonly info: PlannerInfo;
  /**
   * Says how much each word adds to the log-odds of the positive label. Explains whatever serves: of a cascade the stage that answered, as it stands. Integrated gradients
   * are the fp32 weights'; the other methods run the graph that serves. Calls may overlap: their runs take turns, and each blocks the event loop. Throws `INVALID_INPUT`,
   * `SALIENCY_UNAVAILABLE`, `DEADLINE_EXCEEDED`, `RUN_FAILED` and `CLOSED`.
   */
  explain(text: string, options?: ExplainOptions): Promise<Explanation>;
  /** Waits for the run in progress and releases the sessions; explanations that need another end as `CLOSED`. */
  close(): Promise<void>;
}

const DEFAULTS = {
  method: 'integrated_gradients',
  timeoutMs: 30_000,
  onTokens: () => {},
  seed: 42,
  samples: 512,
  tolerance: 0.01,
  maxSteps: 256,
} as const satisfies ExplainOptions;

type ResolvedOptions = {
  readonly [Name in Exclude<keyof ExplainOptions, 'signal'>]-?: NonNullable<ExplainOptions[Name]>;
} & { readonly signal: AbortSignal | undefined };

/**
 * Loads an artifact folder of any kind for explanations. Gradients and their weights are read and verified when they are first needed. Throws as `loadClassifier`.
 */
export async function loadExplainer(dir: string, options: ClassifierOptions = {}): Promise<Explainer> {
  const artifact = await openArtifact(dir);
  const loaded = await loadParts(artifact);
  const { device: _, graph: __, ...sessionOptions } = options;
  let closed = false;
  const checkOpen = (): void => {
    if (closed) throw new ModelCoreError('CLOSED', 'the explainer was closed before this run');
  };
  const gradients = createGradients(artifact, sessionOptions, checkOpen);
  const engine = await openEngine(artifact, options);
  const { planner, model, linear } = loaded;

  return {
    info: planner.info,
    async explain(text, requested = {}) {
      checkOpen();
      const resolved = resolveOptions(text, requested);
      const meter = createMeter(resolved);
      const prediction = await predict(planner, engine, text);
      const subject = readSubject(modelAt(model, linear, prediction.stage), text);
      const found = await score(subject, { engine, gradients: gradients.open, meter }, resolved);
      const attributions = subject.words.map(({ text: word, start, end }, i) => {
        return { word, start, end, score: found.scores[i]! }; // one score a word
      });
      const { logitChange, steps, converged } = found;
      const { method } = resolved;
      const completenessGap = gapOf(found);
      return { prediction, method, attributions, logitChange, completenessGap, steps, converged, cost: meter.cost };
    },
    async close() {
      closed = true;
      await engine.close();
      await gradients.release();
    },
  };
}

interface ExplainedParts {
  readonly planner: ScorePlanner;
  readonly model: ExplainedModel;
  /** Of a cascade, the member that answers alone where it is sure. */
  readonly linear?: LinearPlanner;
}

async function loadParts(artifact: ArtifactSource): Promise<ExplainedParts> {
  const { manifest } = artifact;
  switch (manifest.kind) {
    case 'transformer':
      return alone(await openTransformerPlanner(artifact, manifest));
    case 'linear':
      return alone(await openLinearPlanner(artifact, manifest));
    case 'blend':
    case 'cascade': {
      const members = await openMemberPlanners(artifact, manifest);
      const { blend, temperature = 1 } = manifest;
      const model: ExplainedModel = {
        bias: blend.bias / temperature,
        members: [...members.all].map(([name, planner]) => {
          return { name, planner, factor: blend.weights[name]! / planner.info.temperature / temperature }; // each member has a weight
        }),
      };
      if (manifest.kind === 'blend') return { planner: createBlendPlanner(artifact, manifest, members), model };
      return { planner: createCascadePlanner(artifact, manifest, members), model, linear: members.linear[0]! }; // readMembers found one
    }
  }
}

const alone = (planner: ExplainedModel['members'][number]['planner']): ExplainedParts => ({
  planner,
  model: { bias: 0, members: [{ name: '', planner, factor: 1 / planner.info.temperature }] },
});

/** Sessions of gradients, one a transformer, opened when first asked for; none once `checkOpen` throws, as nobody would release it. */
function createGradients(artifact: ArtifactSource, options: SessionOptions, checkOpen: () => void) {
  const opened = new Map<string, Promise<Saliency>>();
  return {
    open: (name: string): Promise<Saliency> => {
      checkOpen();
      const known = opened.get(name) ?? openMember(artifact, artifact.manifest, name, options);
      opened.set(name, known);
      known.catch(() => opened.delete(name));
      return known;
    },
    async release(): Promise<void> {
      for (const saliency of await Promise.allSettled(opened.values())) {
        if (saliency.status === 'fulfilled') await saliency.value.release();
      }
    },
  };
}

async function openMember(artifact: ArtifactSource, manifest: Manifest, name: string, options: SessionOptions) {
  if (!('blend' in manifest)) return openSaliency(artifact, options);
  const member = (await readMembers(artifact, manifest)).get(name);
  if (member) return openSaliency(member, options);
  throw new ModelCoreError('INVALID_INPUT', `the model has no member "${name}"`);
}

async function predict(planner: ScorePlanner, engine: Engine, text: string): Promise<Prediction> {
  const plan = toReviewPlan(planner.plan(text));
  const logits: Float32Array[] = [];
  for (const run of plan.runs) logits.push(await engine.run(run));
  return plan.conclude(logits);
}

interface Means {
  readonly engine: Engine;
  readonly gradients: (member: string) => Promise<Saliency>;
  readonly meter: Meter;
}

function score(subject: Subject, { engine, gradients, meter }: Means, options: ResolvedOptions): Promise<Scores> {
  const { method, seed, samples } = options;
  if (method === 'integrated_gradients') return integratedGradients(subject, gradients, meter, options);
  const valueOf = createValueOf(subject, engine, meter);
  const { length } = subject.words;
  if (method === 'occlusion') return occlusion(length, valueOf, meter);
  return (method === 'lime' ? lime : shap)(length, valueOf, meter, { samples, random: mersenne(seed) });
}

function resolveOptions(text: unknown, requested: ExplainOptions): ResolvedOptions {
  const given = Object.fromEntries(Object.entries(requested).filter(([, value]) => value !== undefined));
  const resolved: ResolvedOptions = { ...DEFAULTS, signal: undefined, ...given };
  const { method, timeoutMs, seed, samples, tolerance, maxSteps } = resolved;
  if (typeof text !== 'string') throw invalid(`explain takes a text, got ${typeof text}`);
  if (!EXPLANATION_METHODS.includes(method)) {
    throw invalid(`method must be one of ${EXPLANATION_METHODS.join(', ')}, got ${JSON.stringify(method)}`);
  }
  if (!(timeoutMs > 0)) throw invalid(`timeoutMs must be above 0, got ${timeoutMs}`);
  if (seed >>> 0 !== seed) throw invalid(`seed must be an unsigned 32-bit integer, got ${seed}`);
  if (!(tolerance >= 0 && tolerance < 1)) throw invalid(`tolerance must be from 0 to below 1, got ${tolerance}`);
  for (const [name, value] of Object.entries({ samples, maxSteps })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a positive integer, got ${value}`);
  }
  return resolved;
}

const invalid = (message: string): ModelCoreError => new ModelCoreError('INVALID_INPUT', message);
