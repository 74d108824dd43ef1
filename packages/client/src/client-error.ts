import type { ApiErrorCode } from '@marquee/contracts';

/** What can go wrong beside what the API answers. */
export const CLIENT_ERROR_CODES = ['TIMEOUT', 'ABORTED', 'NETWORK', 'UNEXPECTED_ANSWER', 'INVALID_OPTIONS'] as const;
export type ClientErrorCode = ApiErrorCode | (typeof CLIENT_ERROR_CODES)[number];

interface ClientErrorFields {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** Why a call failed. Of an error of the API, the message is its detail. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** Names the request in the log of the server, when there was an answer. */
  readonly requestId: string | undefined;

  constructor(code: ClientErrorCode, message: string, { status, requestId, cause }: ClientErrorFields = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}
