import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadClassifier } from '@marquee/model-core';
import { expect, test } from 'vitest';
import { writeTinyCascade, writeTinyLinear } from './support/artifact.js';
import { createTinyModelService, post, send, startTinyService } from './support/service.js';

const REVIEWS = ['good', 'the film', 'bad', 'a fine film', 'good '.repeat(100)];

test.each([
  ['a cascade', writeTinyCascade],
  ['a linear model', writeTinyLinear],
])('%s is served as the library answers', async (_, write) => {
  await using service = await startTinyService({}, write);
  const classifier = await loadClassifier(service.modelDir, { device: 'cpu' });
  const expected = (await classifier.predict(REVIEWS)).map(({ tokenCount, ...rest }, row) => ({
    text: REVIEWS[row],
    token_count: tokenCount,
    ...rest,
  }));
  await classifier.close();
  const batch = await post(`${service.url}/predict/batch`, { reviews: REVIEWS });
  expect(batch).toMatchObject({ status: 200, body: { predictions: expected, total_count: REVIEWS.length } });
  expect(await post(`${service.url}/predict`, { text: 'good' })).toMatchObject({ status: 200, body: expected[0] });
});

test('/model/info says that a cascade is one, with its own size and the limit of its transformer', async () => {
  await using service = await startTinyService({}, writeTinyCascade);
  expect((await send(`${service.url}/model/info`)).body).toEqual({
    model_path: 'artifacts/tiny',
    model_type: 'cascade',
    num_labels: 2,
    max_length: 16,
    device: 'cpu',
    parameters: 100,
    trainable_parameters: 100,
    model_version: expect.any(String),
    kind: 'cascade',
    graph: 'int8',
    runtime: expect.stringMatching(/^onnxruntime-node /),
  });
});

test('/model/info gives a linear model, which has no limit, the length of the longest request', async () => {
  await using service = await startTinyService({}, writeTinyLinear);
  expect((await send(`${service.url}/model/info`)).body).toMatchObject({ model_type: 'linear', max_length: 10_000 });
});

test('a member of which one byte was changed stops the start with the file’s name', async () => {
  await using cascade = await writeTinyCascade();
  const file = join(cascade.dir, 'members', 'linear', 'linear.safetensors');
  const bytes = await readFile(file);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await expect(createTinyModelService(cascade.dir).start().verified).rejects.toMatchObject({
    code: 'MODEL_UNUSABLE',
    message: expect.stringContaining('members/linear/linear.safetensors'),
  });
});
