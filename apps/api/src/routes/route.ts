import type { ApiErrorCode } from '@marquee/contracts';
import type { Dto } from '../http/validate-body.js';

export type HttpMethod = 'GET' | 'POST';

/** What a key may do. `open` routes ask for none. */
export const SCOPES = ['predict', 'explain', 'metrics', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** In whose form errors are written: ours, Text Embeddings Inference's, or the Open Inference Protocol's. */
export type Wire = 'native' | 'tei' | 'v2';

/** Who asks: the holder of a key, or anybody. */
export interface Principal {
  /** Id of the key, which may be logged; `anonymous` without one. */
  readonly id: string;
  readonly scopes: readonly Scope[];
}

export interface RouteContext<Body> {
  /** Validated instance of the route's request DTO; an empty object for a route without a body. */
  readonly body: Body;
  /** What stands for the `:names` of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** As in `X-Request-Id`, and in the log. */
  readonly requestId: string;
  /** When the answer is due, on the clock of `performance.now()`: later, the client is answered 504. */
  readonly deadlineMs: number;
  readonly principal: Principal;
  /** Aborted when the client has gone, or the deadline has passed. */
  readonly signal: AbortSignal;
}

export interface RouteAnswer<Answer> {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Answer;
}

/** One row of the route table, which feeds Express and the OpenAPI document alike. */
export interface Route<Body extends object = object, Answer extends object = object> {
  readonly method: HttpMethod;
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly scope: Scope | 'open';
  readonly wire: Wire;
  readonly request?: { readonly dto: Dto<Body>; readonly maxBytes: number };
  /** DTO class by status: the answers that are no error. */
  readonly answers: Readonly<Record<number, { readonly dto: Dto<Answer>; readonly description: string }>>;
  readonly errors: readonly ApiErrorCode[];
  handle(context: RouteContext<Body>): Promise<RouteAnswer<Answer>>;
}
