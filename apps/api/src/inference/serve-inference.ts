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
    else reply(await predict(classifier, request.id, request.text));
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
    const { info } = classifier;
    const device = info.device === 'cuda' ? `cuda:${model.options.deviceId ?? 0}` : 'cpu';
    reply({ type: 'loaded', loaded: { device, info } });
    return classifier;
  } catch (error) {
    reply({ type: 'load-failed', message: messageOf(error) });
    return undefined;
  }
}

async function predict(classifier: Classifier | undefined, id: number, text: string): Promise<ChildReply> {
  if (classifier === undefined) return { type: 'predict-failed', id, message: 'no model is loaded' };
  try {
    const [prediction] = await classifier.predict([text]);
    if (prediction === undefined) throw new Error('bug: one review got no prediction');
    return { type: 'prediction', id, prediction };
  } catch (error) {
    return { type: 'predict-failed', id, message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
