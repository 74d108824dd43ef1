import { type ArtifactSource, openArtifact } from '../artifact.js';
import { ModelCoreError } from '../errors.js';
import { readMembers } from '../members.js';
import type { EngineRun } from '../planner/review-plan.js';
import { runtimeVersion, type SessionDevice, type SessionOptions } from '../runtime.js';
import type { ExecutionPlan, Graph } from './execution-plan.js';
import { type Machine, thisMachine } from './int8-guard.js';
import { openTransformerEngine, type TransformerEngine } from './transformer-engine.js';

/** How a model is loaded. What a session takes (threads, arena, …) is passed on to it; linear models take none of it. */
export interface ClassifierOptions extends Omit<SessionOptions, 'device'> {
  /** Default `auto`: CUDA where it can be used, else the CPU, with the reason in `info.reason`. */
  readonly device?: 'auto' | SessionDevice;
  /** Default `auto`: int8 on the CPU, fp32 on CUDA. */
  readonly graph?: 'auto' | Graph;
}

/** Where an artifact runs: of several transformers, the first one's plan stands outside. */
export interface EngineInfo extends Omit<ExecutionPlan, 'graph'> {
  readonly dir: string;
  readonly version: string;
  /** Absent where no transformer answers. */
  readonly graph?: Graph;
  readonly runtimeVersion: string;
  /** By `member` of an `EngineRun`; empty where no transformer answers. */
  readonly members: Readonly<Record<string, ExecutionPlan>>;
}

/** The sessions of an artifact's transformers: token ids in, logits out. */
export interface Engine {
  readonly info: EngineInfo;
  /**
   * Logits `[negative, positive]` of one run, not divided by the temperature. Calls may overlap: their runs take turns. The event loop stands still during a run (some
   * 10 to 100 ms). Throws `INVALID_INPUT` for another member or other token ids than the artifact's, `RUN_FAILED`, and `CLOSED`.
   */
  run(run: EngineRun): Promise<Float32Array>;
  /** Waits for the run in progress and releases the sessions; runs that wait end as `CLOSED`. */
  close(): Promise<void>;
}

/**
 * Loads the sessions of an artifact folder of any kind, none for a linear model: compares the digests of what it reads, then builds the sessions from those very
 * bytes. Throws a `ModelCoreError`, whose codes stand in errors.ts.
 */
export async function loadEngine(dir: string, options: ClassifierOptions = {}): Promise<Engine> {
  return openEngine(await openArtifact(dir), options);
}

export async function openEngine(
  artifact: ArtifactSource,
  options: ClassifierOptions,
  machine: Machine = thisMachine,
): Promise<Engine> {
  const { dir, manifest } = artifact;
  const transformers = await openTransformers(artifact, options, machine);
  const plans = [...transformers].map(([name, { plan }]) => [name, plan] as const);
  const info: EngineInfo = {
    dir,
    version: manifest.version,
    device: 'cpu',
    ...plans[0]?.[1],
    runtimeVersion: runtimeVersion(),
    members: Object.fromEntries(plans),
  };
  return createEngine(info, transformers);
}

async function openTransformers(
  artifact: ArtifactSource,
  options: ClassifierOptions,
  machine: Machine,
): Promise<ReadonlyMap<string, TransformerEngine>> {
  const { manifest } = artifact;
  if (manifest.kind === 'transformer')
    return new Map([['', await openTransformerEngine(artifact, manifest, options, machine)]]);
  if (manifest.kind === 'linear') {
    if (options.device !== 'cuda') return new Map();
    throw new ModelCoreError(
      'DEVICE_UNAVAILABLE',
      'device "cuda" cannot be used: a linear model runs on the CPU alone',
    );
  }
  const opened = new Map<string, TransformerEngine>();
  try {
    for (const [name, member] of await readMembers(artifact, manifest)) {
      if (member.manifest.kind === 'transformer') {
        opened.set(name, await openTransformerEngine(member, member.manifest, options, machine));
      }
    }
    return opened;
  } catch (error) {
    await releaseAll(opened);
    throw error;
  }
}

function createEngine(info: EngineInfo, transformers: ReadonlyMap<string, TransformerEngine>): Engine {
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  return {
    info,
    run({ member, inputIds }) {
      const run = last.then(() => {
        if (closed) throw new ModelCoreError('CLOSED', 'the model was closed before this run');
        const transformer = transformers.get(member);
        if (transformer) return transformer.run(inputIds);
        throw new ModelCoreError('INVALID_INPUT', `the model has no transformer "${member}"`);
      });
      last = run.catch(() => undefined);
      return run;
    },
    async close() {
      closed = true;
      await last;
      await releaseAll(transformers);
    },
  };
}

async function releaseAll(transformers: ReadonlyMap<string, TransformerEngine>): Promise<void> {
  await Promise.all([...transformers.values()].map((transformer) => transformer.release()));
}
