import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.js';
import { assertBoundedJson } from './json-bounds.js';

const JSON_MEDIA_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

/**
 * Reads and parses a JSON body of at most `maxBytes`. Throws ApiError: another media type or a content coding (415), a body too
 * large (413, as soon as that is known), bytes that are not UTF-8, not JSON, or unreasonably deep or wide (400).
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  assertMediaType(request);
  const bytes = await readBytes(request, maxBytes);
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

function assertMediaType(request: IncomingMessage): void {
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding must be identity: send the body uncompressed');
  }
  if (!JSON_MEDIA_TYPE.test(request.headers['content-type'] ?? '')) {
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
