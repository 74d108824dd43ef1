import { loadClassifier } from '@marquee/model-core';
import type { Classifier } from '@marquee/model-core';
import type { ChildModel, ChildReply, ChildRequest } from './child-messages.js';

/**
 * Answers the server's requests over the channel of `child` until the channel closes, which also happens when the server is
 * killed. Never exits while the runtime works: that aborts the process.
 */
export function serveInference(child: NodeJS.Process): void {
  let classifier: Classifier | undefined;
  let work = Promise.resolve();

  const reply = (message: ChildReply): void => {
    // A closed channel is noticed by 'disconnect'; the reply has no reader then.
    if (child.connected) child.send?.(message, () => {});
  };
  const handle = async (request: ChildRequest): Promise<void> => {
    if (request.type === 'load') classifier = await load(request.model, reply);
    else reply(await classify(classifier, request.id, request.inputIds));
  };
  child.on('message', (request: ChildRequest) => {
    work = work.then(() => handle(request));
  });
  child.once('disconnect', () => {
    void work.then(() => classifier?.close()).finally(() => child.exit(0));
  });
}

async function load(model: ChildModel, reply: (message: ChildReply) => void): Promise<Classifier | undefined> {
  try {
    const classifier = await loadClassifier(model.dir, model.options);
    if (classifier.info.version !== model.version) {
      await classifier.close();
      throw new Error(
        `${model.dir} now holds version ${classifier.info.version}, not ${model.version}: restart to serve it`,
      );
    }
    reply({
      type: 'loaded',
      device: classifier.info.device === 'cuda' ? `cuda:${model.options.deviceId ?? 0}` : 'cpu',
    });
    return classifier;
  } catch (error) {
    reply({ type: 'load-failed', message: messageOf(error) });
    return undefined;
  }
}

async function classify(classifier: Classifier | undefined, id: number, inputIds: Int32Array): Promise<ChildReply> {
  if (classifier === undefined) return { type: 'classify-failed', id, message: 'no model is loaded' };
  try {
    return { type: 'logits', id, logits: await classifier.classify(inputIds) };
  } catch (error) {
    return { type: 'classify-failed', id, message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
