import { loadExplainer, ModelCoreError } from '@marquee/model-core';
import type { Explainer } from '@marquee/model-core';
import { serveParent } from '../lifecycle/serve-parent.js';
import type { ExplainedModel, ExplainerOutcome, ExplainerReply, ExplainerRequest } from './explainer-messages.js';

class VersionChangedError extends Error {}

/** The explainer's side: loads the model at the first request, and explains one text at a time. */
export function serveExplanations(child: NodeJS.Process): void {
  let explainer: Explainer | undefined;
  const cancelled = new Map<number, AbortController>();
  serveParent<ExplainerRequest, ExplainerReply>(child, {
    arrive(request) {
      if (request.type === 'explain') cancelled.set(request.id, new AbortController());
      else cancelled.get(request.id)?.abort(new Error('cancelled'));
    },
    async handle(request, reply) {
      if (request.type === 'cancel') return;
      const { id, model, text, method, timeoutMs } = request;
      const startMs = performance.now();
      try {
        explainer ??= await load(model);
        const explanation = await explainer.explain(text, {
          method,
          signal: cancelled.get(id)?.signal,
          timeoutMs: Math.max(1, timeoutMs - (performance.now() - startMs)),
          onTokens: (tokens) => reply({ type: 'spent', id, tokens }),
        });
        reply({ type: 'explanation', id, explanation });
      } catch (error) {
        reply({ type: 'failed', id, ...describe(error) });
      } finally {
        cancelled.delete(id);
      }
    },
    close: async () => explainer?.close(),
  });
}

async function load({ dir, version, graph, session }: ExplainedModel): Promise<Explainer> {
  const explainer = await loadExplainer(dir, { ...session, graph, device: 'cpu' });
  const found = explainer.info.version;
  if (found === version) return explainer;
  await explainer.close();
  throw new VersionChangedError(`${dir} holds version ${found}, and ${version} serves`);
}

function describe(error: unknown): Pick<ExplainerOutcome & { type: 'failed' }, 'code' | 'message'> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ModelCoreError) return { code: error.code, message };
  return { code: error instanceof VersionChangedError ? 'VERSION_CHANGED' : 'UNKNOWN', message };
}
