import { loadEngine } from '@marquee/model-core';
import type { Engine, EngineRun } from '@marquee/model-core';
import type { ParentChannel } from '../lifecycle/serve-parent.js';
import type { EngineReply, EngineRequest, EngineSource } from './child-messages.js';

/** The work of an inference process: loads one model, then does one run at a time. */
export function createEngineChannel(): ParentChannel<EngineRequest, EngineReply> {
  const canceled = new Set<number>();
  let engine: Engine | undefined;

  const tryLoad = async (source: EngineSource): Promise<EngineReply> => {
    try {
      engine = await load(source);
      return { type: 'loaded', info: engine.info };
    } catch (error) {
      return { type: 'load-failed', message: messageOf(error) };
    }
  };

  return {
    arrive(request) {
      if (request.type === 'cancel') canceled.add(request.id);
    },
    async handle(request, reply) {
      if (request.type === 'load') reply(await tryLoad(request.source));
      else if (request.type === 'cancel') canceled.delete(request.id);
      else if (canceled.has(request.id)) reply({ type: 'run-failed', id: request.id, message: 'canceled' });
      else reply(await run(engine, request.id, request.run));
    },
    close: async () => engine?.close(),
  };
}

async function load({ dir, version, options }: EngineSource): Promise<Engine> {
  const engine = await loadEngine(dir, options);
  if (engine.info.version === version) return engine;
  await engine.close();
  throw new Error(`${dir} now holds version ${engine.info.version}, not ${version}: reload to serve it`);
}

async function run(engine: Engine | undefined, id: number, run: EngineRun): Promise<EngineReply> {
  if (engine === undefined) return { type: 'run-failed', id, message: 'no model is loaded' };
  const startMs = performance.now();
  try {
    const logits = await engine.run(run);
    return { type: 'answer', id, logits, inferenceMs: performance.now() - startMs };
  } catch (error) {
    return { type: 'run-failed', id, message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
