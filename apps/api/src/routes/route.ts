import type { ApiErrorCode } from '@marquee/contracts';
import type { Dto } from '../http/validate-body.js';
import type { Tag } from './tags.js';

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
  /** What follows the JSON of the body, of a route that says where the JSON ends; else nothing. */
  readonly attachment: Uint8Array;
  /** What stands for the `:names` of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** As in `X-Request-Id`, and in the log. */
  readonly requestId: string;
  /** When the answer is due, on the clock of `performance.now()`: later, the client is answered 504. */
  readonly deadlineMs: number;
  readonly principal: Principal;
  /** Counts tokens beyond those of the body against the limits of the client, whose next requests are refused when they are spent. */
  readonly charge: (tokens: number) => Promise<void>;
  /** Aborted when the client has gone, or the deadline has passed. */
  readonly signal: AbortSignal;
}

export interface RouteAnswer<Answer> {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; bytes are sent as they are, under the `Content-Type` among the headers. */
  readonly body: Answer | Uint8Array;
}

export interface RequestSpec<Body extends object> {
  readonly dto: Dto<Body>;
  readonly maxBytes: number;
  /** Fields that the DTO does not know: refused by default, or dropped, as the servers do whose protocol it is. */
  readonly unknownFields?: 'refuse' | 'drop';
  /** Header with the number of bytes that are JSON: with it, the rest is the attachment. */
  readonly jsonLengthHeader?: string;
}

/** How the schema of a DTO is used: as it is, or as that of the items of a list. */
export type AnswerShape = 'object' | 'list' | 'list of lists';

export interface AnswerSpec {
  readonly description: string;
  /** Of the JSON; absent when there is none. */
  readonly dto?: Dto<object>;
  /** One of these; `object` by default. */
  readonly shapes?: readonly AnswerShape[];
  /** By what they are examples of, where the DTO's own do not say it. */
  readonly examples?: Readonly<Record<string, object>>;
  /** Schemas of other media types. */
  readonly others?: Readonly<Record<string, { readonly schema?: object; readonly example?: unknown }>>;
  /** Descriptions of the headers of its own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One row of the route table, which feeds Express and the OpenAPI document alike. */
export interface Route<Body extends object = object, Answer extends object = object> {
  readonly method: HttpMethod;
  readonly path: string;
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  readonly scope: Scope | 'open';
  readonly wire: Wire;
  readonly request?: RequestSpec<Body>;
  /** By status, the answers that are no error. */
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  readonly errors: readonly ApiErrorCode[];
  handle(context: RouteContext<Body>): Promise<RouteAnswer<Answer>>;
}
