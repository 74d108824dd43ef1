import { ClientError } from './client-error.js';

export interface ClientOptions {
  /** Where the API is, such as `http://127.0.0.1:8000` or `https://example.org/marquee`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string | undefined;
  /** For a whole call, tries and waits together. Default 30,000. */
  readonly timeoutMs?: number;
  /** Tries after the first one. Default 2. */
  readonly retries?: number;
  /** The longest wait before the first retry; it doubles with each. Default 100. */
  readonly minBackoffMs?: number;
  /** Default 5,000. What `Retry-After` says may be longer. */
  readonly maxBackoffMs?: number;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

export type ResolvedOptions = Required<Omit<ClientOptions, 'key'>> & Pick<ClientOptions, 'key'>;

const DEFAULTS = { timeoutMs: 30_000, retries: 2, minBackoffMs: 100, maxBackoffMs: 5_000 };

/** Throws ClientError INVALID_OPTIONS that names the option and what was expected. */
export function resolveClientOptions(options: ClientOptions): ResolvedOptions {
  const resolved = { ...DEFAULTS, fetch: globalThis.fetch, ...options };
  const { url, timeoutMs, retries, minBackoffMs, maxBackoffMs } = resolved;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalid('url', 'an http or https address', url);
  if (!(timeoutMs > 0)) throw invalid('timeoutMs', 'a positive number', timeoutMs);
  if (!Number.isInteger(retries) || retries < 0) throw invalid('retries', 'a whole number from 0', retries);
  if (!(minBackoffMs >= 0)) throw invalid('minBackoffMs', 'a number from 0', minBackoffMs);
  if (!(maxBackoffMs >= minBackoffMs)) throw invalid('maxBackoffMs', 'at least minBackoffMs', maxBackoffMs);
  return { ...resolved, url: url.replace(/\/+$/, '') };
}

function invalid(option: string, expectation: string, value: unknown): ClientError {
  return new ClientError('INVALID_OPTIONS', `${option} must be ${expectation}, got ${JSON.stringify(value)}`);
}
