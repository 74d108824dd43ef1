import { basename, dirname } from 'node:path';

import { loadClassifier } from '@marquee/model-core';

import { workerRequest } from './child-process.js';
import type { InferenceAnswer, InferenceRequest } from './inference-protocol.js';

type Classify = (text: string) => Promise<InferenceAnswer>;

async function loadOurs({ dir, graph, threads }: InferenceRequest): Promise<Classify> {
  const classifier = await loadClassifier(dir, {
    device: 'cpu',
    graph,
    ...(threads === undefined ? {} : { intraOpThreads: threads }),
  });
  return async (text) => {
    const [answer] = await classifier.predict([text]);
    return { label: answer?.sentiment ?? '', ...(answer?.stage && { stage: answer.stage }) };
  };
}

/** As its users load a local model: by path and dtype, files under `onnx/`. */
async function loadTransformersJs({ dir, graph, threads }: InferenceRequest): Promise<Classify> {
  const { env, pipeline } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.useFSCache = false;
  env.localModelPath = dirname(dir);
  const classifier = await pipeline('text-classification', basename(dir), {
    dtype: graph === 'int8' ? 'q8' : 'fp32',
    ...(threads === undefined ? {} : { session_options: { intraOpNumThreads: threads } }),
  });
  return async (text) => {
    const [answer] = await classifier(text);
    return { label: answer && 'label' in answer ? answer.label : '' };
  };
}

const request = workerRequest() as InferenceRequest;
const classify = await (request.engine === 'marquee' ? loadOurs(request) : loadTransformersJs(request));

process.on('message', (text: string) => {
  void classify(text).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ label: '' } satisfies InferenceAnswer);
