import { MarqueeClient } from '@marquee/client';
import { EXPLANATION_METHODS as METHODS } from '@marquee/contracts';
import { writeExplainedArtifact } from '@marquee/fixtures';
import { EXPLANATION_METHODS, type Explanation, loadExplainer, readManifest } from '@marquee/model-core';
import { getPriority } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExplainerPool } from '../src/index.js';
import { inCodePoints } from '../src/routes/explain-route.js';
import { writeTemporary, writeTinyArtifact, writeTinyCascade } from './support/artifact.js';
import { EXPLAINER_MODULE, post, send, startTinyService, type TinyService, until } from './support/service.js';

/** Ten reviews in the tiny model's words. */
const REVIEWS = Array.from({ length: 10 }, (_, review) =>
  Array.from({ length: 3 + review }, (_, place) => `w${4 + ((7 * review + 11 * place) % 36)}`).join(' '),
);

const writeExplained = () => writeTemporary((dir) => writeExplainedArtifact(dir));

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService({}, writeExplained);
});
afterAll(() => service[Symbol.asyncDispose]());

const json = (body: object) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});
const explain = (body: object) => post(`${service.url}/explain`, body);

describe('POST /explain', () => {
  test('answers as the library explains, with places in code points, and as /predict answers', async () => {
    const explainer = await loadExplainer(service.modelDir, { device: 'cpu', graph: 'int8', intraOpThreads: 1 });
    for (const review of REVIEWS) {
      const text = `😀 ${review}`;
      const expected: Explanation = await explainer.explain(text);
      const { status, body } = await explain({ text });
      const { prediction_id: id, ...predicted } = (await post(`${service.url}/predict`, { text })).body as Record<
        string,
        unknown
      >;
      expect(status).toBe(200);
      expect(body).toEqual({
        ...predicted,
        prediction_id: expect.not.stringContaining(String(id)),
        method: 'integrated_gradients',
        attributions: expected.attributions.map(({ word, start, end, score }, place) => ({
          word,
          start: place === 0 ? 0 : start - 1, // the emoji takes two UTF-16 units
          end: end - 1,
          score,
        })),
        completeness_gap: expected.completenessGap,
        steps: expected.steps,
        converged: expected.converged,
        cost: expected.cost,
      });
      const { attributions } = body as { attributions: { word: string; start: number; end: number }[] };
      for (const { word, start, end } of attributions) expect([...text].slice(start, end).join('')).toBe(word);
    }
    await explainer.close();
  });

  test.each(METHODS)('knows %s', async (method) => {
    const { status, body } = await explain({ text: 'w5 w6 w7', method });
    expect(status).toBe(200);
    expect(body).toMatchObject({ method, converged: true, cost: expect.any(Number), steps: expect.any(Number) });
  });

  test.each(['guess', null])('refuses the method %j by name of those that there are', async (method) => {
    expect(await explain({ text: 'w5', method })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST', detail: 'method must be one of integrated_gradients, occlusion, lime, shap' },
    });
    expect(METHODS).toEqual(EXPLANATION_METHODS);
  });

  test('says that a model has no gradients, and explains it in another way', async () => {
    await using without = await startTinyService({}, writeTinyArtifact);
    const url = `${without.url}/explain`;
    expect(await post(url, { text: 'a good film' })).toMatchObject({
      status: 501,
      body: { code: 'EXPLANATION_UNAVAILABLE', detail: expect.stringContaining('use occlusion, lime or shap') },
    });
    expect(await post(url, { text: 'a good film', method: 'shap' })).toMatchObject({
      status: 200,
      body: { sentiment: 'positive', attributions: [{ word: 'a' }, { word: 'good' }, { word: 'film' }] },
    });
  });

  test('is charged with the tokens that it took, beyond those of its body', async () => {
    await using limited = await startTinyService({}, writeExplained, ['--address-tokens-per-minute', '200']);
    const first = await send(`${limited.url}/explain`, json({ text: 'w5 w6 w7' }));
    const { cost } = first.body as { cost: number };
    expect(first.status).toBe(200);
    const bytes = Buffer.byteLength(JSON.stringify({ text: 'w5 w6 w7' }));
    const left = Math.max(0, 200 - Math.ceil(bytes / 4) - cost);
    expect(first.headers.get('RateLimit')).toMatch(new RegExp(`"address-content";r=${4 * left};`));
    expect(cost).toBeGreaterThan(80);
    while ((await post(`${limited.url}/explain`, { text: 'w5 w6 w7' })).status === 200);
    expect(await post(`${limited.url}/predict`, { text: 'w5' })).toMatchObject({
      status: 429,
      body: { code: 'RATE_LIMITED' },
    });
  });

  test('is charged, and counted, when it ends in 504, too', async () => {
    const quota = 10_000;
    await using limited = await startTinyService({}, writeExplained, ['--address-tokens-per-minute', String(quota)]);
    const counted = async (sample: string): Promise<number> => {
      const lines = (await (await fetch(`${limited.url}/metrics`)).text()).split('\n');
      return Number(lines.find((line) => line.startsWith(`${sample} `))?.split(' ')[1]);
    };
    const late = 'marquee_explanations_total{method="occlusion",outcome="deadline_exceeded"}';
    const review = { text: 'w5 w6 w7', method: 'occlusion' };
    const first = await send(`${limited.url}/explain`, json(review)); // starts the process
    expect(first.body).toMatchObject({ cost: 5 + 3 * 4 + 2 });
    expect(await counted('marquee_explanations_total{method="occlusion",outcome="succeeded"}')).toBe(1);
    expect(await counted(late)).toBe(0);

    const leftOf = ({ headers }: { headers: Headers }): number =>
      Number(/"address-content";r=(\d+);/.exec(headers.get('RateLimit') ?? '')?.[1]) / 4;
    const pid = limited.explanations.processId ?? 0;
    process.kill(pid, 'SIGSTOP');
    const { headers, ...request } = json(review);
    const answer = await send(`${limited.url}/explain`, {
      ...request,
      headers: { ...headers, 'X-Request-Timeout-Ms': '1000' },
    });
    expect(answer).toMatchObject({ status: 504, body: { code: 'DEADLINE_EXCEEDED' } });
    expect(leftOf(answer)).toBe(leftOf(first) - Math.ceil(request.body.length / 4)); // its body, so far
    process.kill(pid, 'SIGCONT');
    await until(async () => (await counted(late)) === 1);
    const next = await send(`${limited.url}/predict`, json({ text: 'w5' }));
    const cost = leftOf(answer) - Math.ceil(JSON.stringify({ text: 'w5' }).length / 4) - leftOf(next);
    expect(cost).toBe(5); // the whole review, which was run before it was seen that the time is over
    expect(await counted('marquee_explanation_seconds_count{method="occlusion"}')).toBe(2);
  });

  test('is a method of the client', async () => {
    const client = new MarqueeClient({ url: service.url });
    expect(await client.explain('w5 w6', { method: 'occlusion' })).toMatchObject({ method: 'occlusion', steps: 4 });
  });

  test('says which stage of a cascade it explains', async () => {
    await using cascade = await startTinyService({}, writeTinyCascade);
    const { body } = await post(`${cascade.url}/explain`, { text: 'the great movie' });
    expect(body).toMatchObject({
      stage: 'linear',
      converged: true,
      attributions: [{ word: 'the' }, { word: 'great' }, { word: 'movie' }],
    });
  });
});

describe('the explainer process', () => {
  const due = (ms = 60_000, signal = new AbortController().signal) => ({ deadlineMs: performance.now() + ms, signal });
  const served = () => ({ version: '', path: '', device: 'cpu', info: service.inference.model!.info });
  const createPool = (options: Partial<ConstructorParameters<typeof ExplainerPool>[0]> = {}): ExplainerPool => {
    const { info } = served();
    const model = () => ({ version: info.version, path: '', device: 'cpu', info });
    return new ExplainerPool({ model, module: EXPLAINER_MODULE, niceness: 0, ...options });
  };
  const request = (text: string, ...args: Parameters<typeof due>) => ({
    text,
    method: 'integrated_gradients' as const,
    charge: () => Promise.resolve(),
    ...due(...args),
  });

  test('starts when first asked, ends when idle, and starts again', async () => {
    const pool = createPool({ idleMs: 1, niceness: 3 });
    expect(pool.processId).toBeUndefined();
    const first = pool.explain(request('w5 w6'));
    await until(() => pool.processId !== undefined);
    expect(getPriority(pool.processId)).toBe(3);
    await first;
    await until(() => pool.processId === undefined);
    expect(await pool.explain(request('w5 w6'))).toMatchObject({ method: 'integrated_gradients' });
    await pool.close();
    expect(pool.processId).toBeUndefined();
  });

  test('is replaced when it was killed, and the text that it had is answered 500', async () => {
    const pool = createPool();
    await pool.explain(request('w5 w6'));
    const first = pool.processId;
    const lost = pool.explain({ ...request('w5 w6 w7'), method: 'lime' });
    process.kill(first ?? 0, 'SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'EXPLANATION_FAILED' });
    await pool.explain(request('w5 w6'));
    expect(pool.processId).not.toBe(first);
    await pool.close();
  });

  test('works on one text at a time; more than may wait are refused with the time to wait', async () => {
    const pool = createPool({ maxQueued: 1 });
    const [first, second] = [pool.explain(request('w5')), pool.explain(request('w6'))];
    await expect(pool.explain(request('w7'))).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      headers: { 'Retry-After': expect.stringMatching(/^\d+$/) },
    });
    expect((await first).attributions).toHaveLength(1);
    expect((await second).attributions).toHaveLength(1);
    await pool.close();
  });

  test('never sees a text whose client has gone or whose time is over', async () => {
    const pool = createPool();
    await expect(pool.explain(request('w5', -1))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const gone = new Error('gone');
    await expect(pool.explain(request('w5', 60_000, AbortSignal.abort(gone)))).rejects.toBe(gone);
    expect(pool.processId).toBeUndefined();
    await pool.close();
  });

  test('gives the place of a text in the queue to another one as soon as its client leaves', async () => {
    const pool = createPool({ maxQueued: 1 });
    const leaving = new AbortController();
    const [first, second] = [pool.explain(request('w5')), pool.explain(request('w6', 60_000, leaving.signal))];
    leaving.abort(new Error('gone'));
    const third = pool.explain(request('w7'));
    await expect(second).rejects.toThrow('gone');
    expect((await first).attributions).toHaveLength(1);
    expect((await third).attributions).toMatchObject([{ word: 'w7' }]);
    await pool.close();
  });

  test('charges for what was run of a text whose process died over it', async () => {
    const pool = createPool({ module: new URL('support/dying-explainer.mjs', import.meta.url) });
    const charged: number[] = [];
    const charge = (tokens: number) => Promise.resolve(void charged.push(tokens));
    await expect(pool.explain({ ...request('w5'), charge })).rejects.toMatchObject({ code: 'EXPLANATION_FAILED' });
    expect(charged).toEqual([5 + 4]);
    await pool.close();
  });

  test('charges for what was run of a text that had too little time', async () => {
    const pool = createPool();
    const charged: number[] = [];
    const charge = (tokens: number) => Promise.resolve(void charged.push(tokens));
    const { cost } = await pool.explain({ ...request('w5'), charge });
    expect(charged).toEqual([cost]);
    const text = '! '.repeat(5_000); // each is a word, left out in a run of its own
    await expect(pool.explain({ ...request(text, 20), method: 'occlusion', charge })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    expect(charged[1]).toBeGreaterThan(0);
    await expect(pool.explain({ ...request('w5', -1), charge })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(charged).toHaveLength(2);
    await pool.close();
  });

  test('lets go of a text when its client leaves', async () => {
    const pool = createPool();
    await pool.explain(request('w5'));
    const leaving = new AbortController();
    const endless = pool.explain({ ...request(REVIEWS[9] ?? '', 600_000, leaving.signal), method: 'shap' });
    leaving.abort(new Error('gone'));
    await expect(endless).rejects.toThrow('gone');
    expect(await pool.explain(request('w6'))).toMatchObject({ converged: true });
    await pool.close();
  });

  test('gives up the text in hand when its time to drain is over, and takes no more', async () => {
    const pool = createPool();
    await pool.explain(request('w5'));
    const slow = pool.explain({ ...request(REVIEWS[9] ?? '', 600_000), method: 'lime' });
    pool.drain(performance.now());
    await expect(pool.explain(request('w5'))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    // Either it was done by then, or it is answered 503.
    await expect(
      slow.then(
        ({ method }) => method,
        (error: unknown) => (error as { code: string }).code,
      ),
    ).resolves.toMatch(/^(lime|SHUTTING_DOWN)$/);
    await pool.close();
  });

  test('follows what serves: the next explanation is of the new model', async () => {
    const { info } = served();
    await using other = await writeTinyArtifact();
    const { version } = await readManifest(other.dir);
    const models = [info, { ...info, dir: other.dir, version }];
    const pool = createPool({
      model: () => ({ version: models[0]!.version, path: '', device: 'cpu', info: models[0]! }),
    });
    expect(await pool.explain({ ...request('good'), method: 'shap' })).toMatchObject({ modelVersion: info.version });
    const first = pool.processId;
    models.shift();
    const second = await pool.explain({ ...request('good'), method: 'shap' });
    expect(second).toMatchObject({ modelVersion: version, prediction: { sentiment: 'positive' } });
    expect(pool.processId).not.toBe(first);
    await pool.close();
  });

  test('refuses a folder that holds another version than the one that serves', async () => {
    const { info } = served();
    const pool = createPool({ model: () => ({ version: 'another', path: '', device: 'cpu', info }) });
    await expect(pool.explain(request('w5'))).rejects.toMatchObject({ code: 'MODEL_NOT_LOADED' });
    await pool.close();
    await expect(createPool({ model: () => undefined }).explain(request('w5'))).rejects.toMatchObject({
      code: 'MODEL_NOT_LOADED',
    });
  });
});

test('places are counted in code points', () => {
  const at = (start: number, end: number) => ({ word: '', start, end, score: 0 });
  expect(inCodePoints('😀a 😀b', [at(0, 3), at(4, 7)])).toEqual([at(0, 2), at(3, 5)]);
});
