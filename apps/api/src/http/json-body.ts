import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.js';
import { assertBoundedJson } from './json-bounds.js';

/** No `\s*` next to another one, which would try all ways to divide the spaces among the two. */
const JSON_MEDIA_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?(?:;\s*)?$/i;

/** JSON and the bytes of tensors. Triton's clients may send them without a type. */
const BINARY_MEDIA_TYPE = 'application/octet-stream';

export interface JsonBodyOptions {
  /** Header with the number of bytes that are JSON, of a body that may also be binary. */
  readonly jsonLengthHeader?: string;
}

export interface JsonBody {
  readonly json: unknown;
  /** What follows the JSON, when the header said where it ends. */
  readonly attachment: Uint8Array;
}

/**
 * Parses the JSON of a body. Throws ApiError: bytes that are not UTF-8, not JSON, or unreasonably deep or wide (400), and a
 * length of the JSON that the body does not have (400).
 */
export function parseJsonBody(request: IncomingMessage, bytes: Uint8Array, options: JsonBodyOptions): JsonBody {
  const length = jsonLengthOf(request, options.jsonLengthHeader) ?? bytes.length;
  if (length > bytes.length) {
    throw new ApiError(
      'INVALID_HEADER',
      `${options.jsonLengthHeader} must be at most the length of the body, ${bytes.length}`,
    );
  }
  return { json: parseJson(bytes.subarray(0, length)), attachment: bytes.subarray(length) };
}

function jsonLengthOf(request: IncomingMessage, header: string | undefined): number | undefined {
  const value = header === undefined ? undefined : request.headers[header.toLowerCase()];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw new ApiError('INVALID_HEADER', `${header} must be the number of bytes of the body that are JSON`);
}

function parseJson(bytes: Uint8Array): unknown {
  assertBoundedJson(bytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError('MALFORMED_BODY', 'Request body is not valid UTF-8', { cause });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body, so that it is not kept as the cause.
    throw new ApiError('MALFORMED_BODY', 'Request body is not valid JSON');
  }
}

const isBinary = (type: string): boolean => type.split(';', 1)[0]?.trim().toLowerCase() === BINARY_MEDIA_TYPE;

/** Throws ApiError UNSUPPORTED_MEDIA_TYPE: the types of forms, which any web page may send anywhere, are none of ours. */
export function assertMediaType({ headers }: IncomingMessage, { jsonLengthHeader }: JsonBodyOptions): void {
  const mayBeBinary = jsonLengthHeader !== undefined;
  const type = headers['content-type'] ?? (mayBeBinary ? BINARY_MEDIA_TYPE : '');
  if (JSON_MEDIA_TYPE.test(type) || (mayBeBinary && isBinary(type))) return;
  const others = mayBeBinary ? ` or ${BINARY_MEDIA_TYPE}, or left out` : '';
  throw new ApiError('UNSUPPORTED_MEDIA_TYPE', `Content-Type must be application/json${others}`);
}
