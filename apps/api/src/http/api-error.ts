import { API_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';

interface ApiErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Of a 503, where whoever throws it knows no better time: what it tells of passes soon, or another server is there. */
const SOON = { 'Retry-After': '1' };

/** What a client is answered instead of a result. `detail` goes over the wire: it never quotes an exception or a review. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ApiErrorCode, detail: string, options: ApiErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.headers = { ...(this.status === 503 && SOON), ...options.headers };
  }

  get status(): number {
    return API_ERRORS[this.code].status;
  }
}
