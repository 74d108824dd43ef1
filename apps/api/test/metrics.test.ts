import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServedExplanation } from '../src/explanation/explanation-service.js';
import { ApiError } from '../src/http/api-error.js';
import { meterExplanations } from '../src/metrics/metered-explanations.js';
import { createMetrics } from '../src/metrics/metrics.js';
import { post, send, startTinyService, until } from './support/service.js';
import type { TinyService } from './support/service.js';

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService();
});
afterAll(() => service[Symbol.asyncDispose]());

async function scrape(): Promise<string> {
  const response = await fetch(`${service.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** The value of a sample: its name and labels as they are written. */
function valueOf(exposition: string, sample: string): number | undefined {
  const line = exposition.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

describe('GET /metrics', () => {
  test('exposes these metrics of the service', async () => {
    const names = [...(await scrape()).matchAll(/^# TYPE (\w+) (\w+)$/gm)]
      .map(([, name = '', type]) => `${name} ${type}`)
      .filter((name) => !/^marquee_(?:nodejs|process)_/.test(name)); // those of Node depend on its version and the system
    expect(names.sort()).toMatchInlineSnapshot(`
      [
        "marquee_explanation_seconds histogram",
        "marquee_explanations_total counter",
        "marquee_http_request_duration_seconds histogram",
        "marquee_http_requests_rejected_total counter",
        "marquee_http_requests_total counter",
        "marquee_inference_process_restarts_total counter",
        "marquee_inference_processes gauge",
        "marquee_inference_seconds histogram",
        "marquee_inference_tokens_total counter",
        "marquee_model_info gauge",
        "marquee_model_reloads_total counter",
        "marquee_predictions_total counter",
        "marquee_queue_estimated_wait_seconds gauge",
        "marquee_queue_reviews gauge",
        "marquee_queue_tokens gauge",
        "marquee_queue_wait_seconds histogram",
        "marquee_ready gauge",
        "marquee_request_reviews histogram",
      ]
    `);
  });

  test('names begin with marquee_, and times are in seconds', async () => {
    const names = [...(await scrape()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name ?? '');
    expect(names.filter((name) => !name.startsWith('marquee_') || /_m(?:s|illi\w+)(?:_|$)/.test(name))).toEqual([]);
  });

  test('counters are there at 0 before anything was counted', async () => {
    const fresh = await createMetrics().expose();
    for (const sample of [
      'marquee_explanations_total{method="integrated_gradients",outcome="succeeded"}',
      'marquee_explanations_total{method="shap",outcome="deadline_exceeded"}',
      'marquee_explanation_seconds_count{method="lime"}',
      'marquee_http_requests_rejected_total{reason="queue_full"}',
      'marquee_http_requests_rejected_total{reason="rate_limited"}',
      'marquee_inference_process_restarts_total',
      'marquee_model_reloads_total{outcome="failed"}',
      'marquee_queue_wait_seconds_count{priority="single"}',
    ]) {
      expect(valueOf(fresh, sample), sample).toBe(0);
    }
    const version = service.version;
    expect(valueOf(await scrape(), `marquee_predictions_total{version="${version}",label="negative"}`)).toBe(0);
  });

  test('counts requests by route and status, and predictions by version and label', async () => {
    const good = `marquee_predictions_total{version="${service.version}",label="positive"}`;
    const batches = 'marquee_http_requests_total{method="POST",route="/predict/batch",status="200"}';
    const before = valueOf(await scrape(), good) ?? 0;
    await post(`${service.url}/predict/batch`, { reviews: ['good', 'good'] });
    await post(`${service.url}/predict`, { text: '' });
    await send(`${service.url}/v2/models/marquee/versions/7`);
    await send(`${service.url}/no/such/path`);
    const after = await scrape();
    expect(valueOf(after, good)).toBe(before + 2);
    expect(valueOf(after, batches)).toBe(1);
    expect(valueOf(after, 'marquee_http_requests_total{method="POST",route="/predict",status="400"}')).toBe(1);
    const versionPath = '/v2/models/marquee/versions/:version';
    expect(valueOf(after, `marquee_http_requests_total{method="GET",route="${versionPath}",status="404"}`)).toBe(1);
    expect(valueOf(after, 'marquee_http_requests_total{method="GET",route="none",status="404"}')).toBe(1);
    expect(valueOf(after, 'marquee_http_request_duration_seconds_count{method="POST",route="/predict/batch"}')).toBe(1);
  });

  test('counts a request whose client has gone as 499, which took no time', async () => {
    const labels = 'method="POST",route="/hf"';
    const head = 'POST /hf HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n';
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`${head}{"inputs`, () => socket.destroy());
    await until(async () => (await scrape()).includes(`marquee_http_requests_total{${labels}`));
    const after = await scrape();
    expect(valueOf(after, `marquee_http_requests_total{${labels},status="499"}`)).toBe(1);
    expect(valueOf(after, `marquee_http_request_duration_seconds_count{${labels}}`)).toBeUndefined();
  });

  test('says how long the event loop was held up', async () => {
    expect(valueOf(await scrape(), 'marquee_nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  });

  test('says which model answers', async () => {
    const [line] = (await scrape()).split('\n').filter((candidate) => candidate.startsWith('marquee_model_info{'));
    expect(line).toMatch(
      /^marquee_model_info\{version="[\da-f]{12}",kind="transformer",model_type="distilbert",device="cpu",graph="int8",runtime="[\d.]+"\} 1$/,
    );
  });

  test('no text, no unknown path and no invented method becomes a label', async () => {
    await post(`${service.url}/predict`, { text: 'planted good words' });
    await send(`${service.url}/planted/path?text=planted`, { method: 'PROPFIND' });
    const exposition = await scrape();
    expect(exposition).not.toContain('planted');
    expect(exposition).not.toContain('PROPFIND');
  });
});

test('what the queue and the processes tell is counted', async () => {
  const metrics = createMetrics();
  metrics.observer.onRunStarted?.(40, 'batch');
  metrics.observer.onRunFinished?.(30, 250);
  metrics.observer.onProcessLost?.();
  metrics.observer.onReload?.('succeeded');
  metrics.explanationObserver.onExplained?.(1500, 'shap');
  const exposition = await metrics.expose();
  expect(valueOf(exposition, 'marquee_queue_wait_seconds_sum{priority="batch"}')).toBe(0.04);
  expect(valueOf(exposition, 'marquee_inference_seconds_sum')).toBe(0.03);
  expect(valueOf(exposition, 'marquee_explanation_seconds_sum{method="shap"}')).toBe(1.5);
  expect(valueOf(exposition, 'marquee_inference_tokens_total')).toBe(250);
  expect(valueOf(exposition, 'marquee_inference_process_restarts_total')).toBe(1);
  expect(valueOf(exposition, 'marquee_model_reloads_total{outcome="succeeded"}')).toBe(1);
});

describe('an explanation is counted as', () => {
  const gone = AbortSignal.abort(new Error('the client has gone'));
  const late = AbortSignal.abort(new ApiError('DEADLINE_EXCEEDED', 'late'));
  const waiting = new AbortController().signal;

  test.each([
    ['succeeded', waiting, undefined],
    ['queue_full', waiting, new ApiError('QUEUE_FULL', 'full')],
    ['explanation_unavailable', waiting, new ApiError('EXPLANATION_UNAVAILABLE', 'no gradients')],
    ['deadline_exceeded', late, late.reason as Error],
    ['deadline_exceeded', late, undefined],
    ['client_gone', gone, gone.reason as Error],
    ['internal', waiting, new Error('a bug')],
  ] as const)('%s', async (outcome, signal, thrown: Error | undefined) => {
    const metrics = createMetrics();
    const answer = {} as ServedExplanation; // nobody looks at it
    const explain = () => (thrown === undefined ? Promise.resolve(answer) : Promise.reject(thrown));
    const request = { text: 'good', method: 'lime', deadlineMs: 0, charge: () => Promise.resolve(), signal } as const;
    await meterExplanations({ explain }, metrics)
      .explain(request)
      .catch(() => {});
    expect(valueOf(await metrics.expose(), `marquee_explanations_total{method="lime",outcome="${outcome}"}`)).toBe(1);
  });
});
