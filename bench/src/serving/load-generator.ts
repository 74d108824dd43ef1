import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { createRandom } from '@marquee/dataset';

import { poissonArrivals } from './arrivals.js';
import { type Answer, createHttpClient } from './http-client.js';
import type { AnsweredReview, ClosedLoop, LoadReport, LoadRequest, OpenLoop, Sample } from './load-protocol.js';

const DEFAULT_TIMEOUT_MS = 120_000;
/** A client that was refused a connection does not ask again at once: it would only take the processor from the server. */
const PAUSE_AFTER_FAILURE_MS = 20;

/** Sends the `index`-th request of a load, which was due at `dueMs` on the clock of `performance.now()`. */
type Send = (index: number, dueMs: number) => Promise<Sample>;

/** Loads a server, and resolves when the last request was answered. After `signal` no request is sent. */
export async function generateLoad(load: LoadRequest, signal: AbortSignal): Promise<LoadReport> {
  const client = createHttpClient(load.url);
  const timeoutMs = load.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const samples: Sample[] = [];
  const startMs = performance.now();
  const send: Send = async (index, dueMs) => {
    const number = index % load.exchanges.length;
    const exchange = load.exchanges[number];
    if (exchange === undefined) throw new Error('bug: a load without a request');
    const requestId = load.withRequestIds === true ? randomUUID() : undefined;
    const answer = await client.send(exchange, timeoutMs, requestId);
    const timed = {
      exchange: number,
      atMs: dueMs - startMs,
      latencyMs: performance.now() - dueMs,
      ...(requestId !== undefined && { requestId }),
      ...toSample(answer, load.keepAnswers === true),
    };
    samples.push(timed);
    return timed;
  };
  try {
    await (load.arrival.kind === 'closed'
      ? closedLoop(load.arrival, send, signal)
      : openLoop(load.arrival, send, signal));
  } finally {
    client.close();
  }
  return { elapsedMs: performance.now() - startMs, samples };
}

async function closedLoop({ clients, limit }: ClosedLoop, send: Send, signal: AbortSignal): Promise<void> {
  let sent = 0;
  const endMs = 'seconds' in limit ? performance.now() + 1000 * limit.seconds : Infinity;
  const requests = 'requests' in limit ? limit.requests : Infinity;
  const client = async (): Promise<void> => {
    while (sent < requests && performance.now() < endMs && !signal.aborted) {
      sent += 1;
      const { status } = await send(sent - 1, performance.now());
      if (status === 0) await delay(PAUSE_AFTER_FAILURE_MS);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function openLoop({ ratePerSecond, seconds, seed }: OpenLoop, send: Send, signal: AbortSignal): Promise<void> {
  const random = createRandom(seed);
  const startMs = performance.now();
  const sent: Promise<Sample>[] = [];
  for (const atMs of poissonArrivals(ratePerSecond, seconds, () => random.float())) {
    const dueMs = startMs + atMs;
    // Whoever is late sends all that was due meanwhile, each with the time that it was due.
    while (performance.now() < dueMs && !signal.aborted) await delay(Math.max(1, dueMs - performance.now()));
    if (signal.aborted) break;
    sent.push(send(sent.length, dueMs));
  }
  await Promise.all(sent);
}

function toSample(
  { status, failure, retryAfter, body }: Answer,
  keepAnswers: boolean,
): Omit<Sample, 'exchange' | 'atMs' | 'latencyMs' | 'requestId'> {
  return {
    status,
    ...(failure !== undefined && { failure }),
    ...(retryAfter !== undefined && { retryAfterS: Number(retryAfter) }),
    ...(keepAnswers && status === 200 && { answers: toAnswers(body) }),
  };
}

interface PredictionBody {
  readonly sentiment: string;
  readonly probabilities: { readonly positive: number };
  readonly model_version?: string;
}

/** Predictions of a single answer or of a batch, ours or a peer's; none of any other answer. */
function toAnswers(body: string): AnsweredReview[] {
  const json = JSON.parse(body) as PredictionBody | { readonly predictions: readonly PredictionBody[] };
  const predictions = 'predictions' in json ? json.predictions : 'sentiment' in json ? [json] : [];
  return predictions.map(({ sentiment, probabilities, model_version }) => ({
    sentiment,
    positive: probabilities.positive,
    ...(model_version !== undefined && { version: model_version }),
  }));
}
