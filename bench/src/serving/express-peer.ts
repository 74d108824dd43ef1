// What a Node team would write in an hour: Express, transformers.js q8, one process. A peer of `npm run bench:serving -- express`.
import { basename, dirname } from 'node:path';

import { env, pipeline } from '@huggingface/transformers';
import express from 'express';

import { workerRequest } from '../child-process.js';

interface PeerRequest {
  readonly dir: string;
  readonly port: number;
}

interface Scored {
  readonly label: string;
  readonly score: number;
}

const { dir, port } = workerRequest() as PeerRequest;
env.allowRemoteModels = false;
env.useFSCache = false;
env.localModelPath = dirname(dir);
const classify = await pipeline('text-classification', basename(dir), { dtype: 'q8' });

async function predict(texts: string[]): Promise<object[]> {
  // `top_k: null` gives every label's probability.
  const outputs = (await classify(texts, { top_k: null })) as unknown as readonly Scored[][];
  return outputs.map((labels, i) => {
    const positive = labels.find(({ label }) => label === 'positive')?.score ?? NaN;
    const sentiment = positive > 0.5 ? 'positive' : 'negative';
    return {
      text: texts[i],
      sentiment,
      confidence: Math.max(positive, 1 - positive),
      probabilities: { negative: 1 - positive, positive },
    };
  });
}

const app = express();
app.use(express.json({ limit: '4mb' }));
app.get('/livez', (_request, response) => {
  response.json({ status: 'alive' });
});
app.post('/predict', async (request, response) => {
  const { text } = request.body as { text: string };
  response.json((await predict([text]))[0]);
});
app.post('/predict/batch', async (request, response) => {
  const { reviews } = request.body as { reviews: string[] };
  const predictions = await predict(reviews);
  response.json({ predictions, total_count: predictions.length });
});
app.listen(port, '127.0.0.1');
