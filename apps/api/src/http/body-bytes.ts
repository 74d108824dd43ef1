import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ApiError } from './api-error.js';

export interface BodyBounds {
  /** Of the body as it is sent, and of what it is decompressed to. */
  readonly maxBytes: number;
  /** Time that the client has to send all of it. */
  readonly timeoutMs: number;
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate, // the zlib format, as RFC 9110 has it
  br: createBrotliDecompress,
};
const CODINGS = 'gzip, deflate, br';

/** All bodies that are being read may hold this much together: many slow clients shall not fill the memory. */
const MAX_BYTES_IN_READING = 256 * 1024 * 1024;
let bytesInReading = 0;

/**
 * Reads a body and decompresses it. Throws ApiError: a content coding that is none of ours (415), more bytes than there may be
 * (413, as soon as that is known), bytes that are not of their coding (400), a client that is too slow (408), and too much that
 * is being read (503). What is left of the body then is not read.
 */
export async function readBodyBytes(
  request: IncomingMessage,
  response: ServerResponse,
  bounds: BodyBounds,
): Promise<Uint8Array> {
  const decoder = decoderOf(request);
  if (Number(request.headers['content-length'] ?? 0) > bounds.maxBytes) throw tooLarge(bounds.maxBytes);
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const collected = new CollectedBytes(bounds.maxBytes);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(tooSlow(bounds.timeoutMs)), bounds.timeoutMs);
      // The client is gone: the answer reaches nobody, but the handler must end.
      request.once('error', (cause) => reject(new ApiError('MALFORMED_HTTP', 'Request was cut off', { cause })));
      if (decoder === undefined) collect(request, collected, resolve, reject);
      else decode(request, decoder, collected, resolve, reject);
    });
    return collected.concat();
  } finally {
    clearTimeout(timer);
    collected.release();
    request.unpipe().removeAllListeners('data').pause();
    decoder?.destroy();
  }
}

function decoderOf({ headers }: IncomingMessage): Transform | undefined {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity') return undefined;
  const createDecoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (createDecoder !== undefined) return createDecoder();
  throw new ApiError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding must be one of ${CODINGS}, or left out`, {
    headers: { 'Accept-Encoding': CODINGS },
  });
}

/** What has come so far, within bounds. */
class CollectedBytes {
  readonly #chunks: Buffer[] = [];
  readonly maxBytes: number;
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Throws ApiError: BODY_TOO_LARGE, QUEUE_FULL. */
  add(chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    bytesInReading += chunk.length;
    if (this.#sizeBytes > this.maxBytes) throw tooLarge(this.maxBytes);
    if (bytesInReading > MAX_BYTES_IN_READING) {
      throw new ApiError('QUEUE_FULL', 'Too many bodies are being sent: try again later');
    }
    this.#chunks.push(chunk);
  }

  concat(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  release(): void {
    bytesInReading -= this.#sizeBytes;
  }
}

type Resolve = () => void;
type Reject = (error: unknown) => void;

function collect(source: IncomingMessage | Transform, into: CollectedBytes, resolve: Resolve, reject: Reject): void {
  source.on('data', (chunk: Buffer) => {
    try {
      into.add(chunk);
    } catch (error) {
      source.removeAllListeners('data').pause();
      reject(error);
    }
  });
  source.once('end', resolve);
}

/** What is sent is counted, too: it may be made to decompress to nothing without end. */
function decode(
  request: IncomingMessage,
  decoder: Transform,
  into: CollectedBytes,
  resolve: Resolve,
  reject: Reject,
): void {
  let sentBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sentBytes += chunk.length;
    if (sentBytes > into.maxBytes) reject(tooLarge(into.maxBytes));
  });
  decoder.once('error', (cause) => {
    reject(new ApiError('MALFORMED_BODY', 'Request body is not of its Content-Encoding', { cause }));
  });
  collect(decoder, into, resolve, reject);
  request.pipe(decoder);
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('BODY_TOO_LARGE', `Request body must have at most ${maxBytes} bytes`);
}

function tooSlow(timeoutMs: number): ApiError {
  return new ApiError('REQUEST_TIMEOUT', `Request body must arrive within ${Math.round(timeoutMs)} ms`);
}
