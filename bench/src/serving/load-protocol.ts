/** One request as it is sent again and again. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  /** How many reviews it asks about. */
  readonly reviews: number;
}

/** A fixed number of clients, each of which asks again as soon as it has its answer. */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly clients: number;
  /** Requests of all clients together, or the time after which none asks again. A load that is told to stop stops earlier. */
  readonly limit: { readonly requests: number } | { readonly seconds: number };
}

/** For a load that is told when to stop. */
export const UNTIL_STOPPED = { seconds: 24 * 3600 } as const;

/** Requests that arrive when they arrive, whatever became of those before. */
export interface OpenLoop {
  readonly kind: 'open';
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Same seed, same moments. */
  readonly seed: number;
}

/** What a load worker is asked. It answers with a report when the last request was answered. */
export interface LoadRequest {
  readonly type: 'load';
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Sent in turn, from the first again after the last. */
  readonly exchanges: readonly Exchange[];
  readonly arrival: ClosedLoop | OpenLoop;
  /** Whether predictions are reported. Default false. */
  readonly keepAnswers?: boolean;
  /** Whether each request has an id of its own, by which the server's log tells of it. Default false. */
  readonly withRequestIds?: boolean;
  /** A request without an answer by then has failed. Default 120 s, as the slowest peer takes long over a batch. */
  readonly timeoutMs?: number;
}

/** Tells a load worker that no client asks again. */
export interface StopLoad {
  readonly type: 'stop';
}

/** One prediction of an answer. */
export interface AnsweredReview {
  readonly sentiment: string;
  readonly positive: number;
  /** Absent in the answers of peers. */
  readonly version?: string;
}

export interface Sample {
  /** Index of the exchange. */
  readonly exchange: number;
  /** When it was due, in milliseconds from the start of the load. */
  readonly atMs: number;
  /** From when it was due to the last byte of its answer, so that a wait behind others counts. */
  readonly latencyMs: number;
  /** 0 for a request without a whole answer; `failure` then says why. */
  readonly status: number;
  readonly failure?: string;
  readonly requestId?: string;
  readonly retryAfterS?: number;
  readonly answers?: readonly AnsweredReview[];
}

export interface LoadReport {
  /** From the start to the last answer. */
  readonly elapsedMs: number;
  readonly samples: readonly Sample[];
}
