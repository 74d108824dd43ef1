import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.js';
import { assertBoundedJson } from './json-bounds.js';

const JSON_MEDIA_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

export interface JsonBodyOptions {
  readonly maxBytes: number;
  /** Header with the number of bytes that are JSON. Where it may be sent, any media type is taken. */
  readonly jsonLengthHeader?: string;
}

export interface JsonBody {
  readonly json: unknown;
  /** What follows the JSON, when the header said where it ends. */
  readonly attachment: Uint8Array;
}

/**
 * Reads a body of at most `maxBytes` and parses its JSON. Throws ApiError: another media type or a content coding (415), a body
 * too large (413, as soon as that is known), bytes that are not UTF-8, not JSON, or unreasonably deep or wide (400), and a length
 * of the JSON that the body does not have (400).
 */
export async function readJsonBody(request: IncomingMessage, options: JsonBodyOptions): Promise<JsonBody> {
  assertMediaType(request, options.jsonLengthHeader !== undefined);
  const bytes = await readBytes(request, options.maxBytes);
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

function assertMediaType(request: IncomingMessage, takesAny: boolean): void {
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding must be identity: send the body uncompressed');
  }
  if (!takesAny && !JSON_MEDIA_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Content-Type must be application/json');
  }
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): ApiError => new ApiError('BODY_TOO_LARGE', `Request body must have at most ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return new Promise((resolve, reject) => {
    const stop = (error: ApiError): void => {
      request.off('data', collect).pause();
      reject(error);
    };
    const collect = (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) stop(tooLarge());
      else chunks.push(chunk);
    };
    request.on('data', collect);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    // The client is gone: the answer reaches nobody, but the handler must end.
    request.once('error', (cause) => reject(new ApiError('MALFORMED_HTTP', 'Request was cut off', { cause })));
  });
}
