import type { ServerResponse } from 'node:http';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Log } from '../log.js';
import type { Settings } from '../settings.js';
import { ApiError } from './api-error.js';

/** Tokens are estimated from bytes: English has about four a token, and nothing is tokenized before it is let in. */
const BYTES_PER_TOKEN = 4;
const WINDOW_S = 60;

interface Policy {
  readonly name: string;
  readonly by: 'address' | 'key';
  readonly unit: 'requests' | 'tokens';
  readonly setting:
    'addressRequestsPerMinute' | 'keyRequestsPerMinute' | 'addressTokensPerMinute' | 'keyTokensPerMinute';
}

const POLICIES: readonly Policy[] = [
  { name: 'address-requests', by: 'address', unit: 'requests', setting: 'addressRequestsPerMinute' },
  { name: 'key-requests', by: 'key', unit: 'requests', setting: 'keyRequestsPerMinute' },
  { name: 'address-content', by: 'address', unit: 'tokens', setting: 'addressTokensPerMinute' },
  { name: 'key-content', by: 'key', unit: 'tokens', setting: 'keyTokensPerMinute' },
];

export type RateLimitSettings = Pick<Settings, Policy['setting'] | 'redisUrl'>;

interface Limit extends Policy {
  readonly quota: number;
  readonly limiter: RateLimiterAbstract;
}

/** Counts requests and tokens in windows of a minute that begin with the first request of an address or a key. */
export interface RateLimits {
  /** What one request counts against. Its headers tell how much is left: draft-ietf-httpapi-ratelimit-headers-10. */
  begin(response: ServerResponse): RequestLimits;
  close(): void;
}

/** The first two throw ApiError RATE_LIMITED (429, with Retry-After). */
export interface RequestLimits {
  takeRequest(by: Policy['by'], id: string): Promise<void>;
  /** `bytes` of the body, decompressed. */
  takeTokens(by: Policy['by'], id: string, bytes: number): Promise<void>;
  /** Tokens that a request turned out to take: refuses nothing, but what comes after it in the window. It may have been answered by then. */
  addTokens(by: Policy['by'], id: string, tokens: number): Promise<void>;
}

/** Nothing is counted for which the settings have no limit. With Redis, all servers that share it count together. */
export function createRateLimits(settings: RateLimitSettings, log: Log): RateLimits {
  const redis = settings.redisUrl === undefined ? undefined : connectRedis(settings.redisUrl, log);
  const limits = POLICIES.flatMap((policy): Limit[] => {
    const quota = settings[policy.setting];
    return quota === undefined ? [] : [{ ...policy, quota, limiter: createLimiter(policy, quota, redis) }];
  });
  return {
    begin: (response) => createRequestLimits(limits, response),
    close: () => redis?.disconnect(),
  };
}

/** Where Redis does not answer, each server counts for itself until it does again: clients are neither refused nor let be. */
function createLimiter({ name }: Policy, points: number, redis: Redis | undefined): RateLimiterAbstract {
  const options = { keyPrefix: `marquee:${name}`, points, duration: WINDOW_S };
  const memory = new RateLimiterMemory(options);
  if (redis === undefined) return memory;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    insuranceLimiter: memory,
    rejectIfRedisNotReady: true,
  });
}

function connectRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 500,
    connectTimeout: 5_000,
    retryStrategy: (attempts) => Math.min(attempts * 200, 5_000),
  });
  let isLost = false;
  redis.on('error', (error: Error) => {
    if (isLost) return;
    isLost = true;
    log.error({ reason: error.message }, 'Redis does not answer: this server counts for itself');
  });
  redis.on('ready', () => {
    if (isLost) log.info({}, 'Redis answers again');
    isLost = false;
  });
  return redis;
}

function createRequestLimits(limits: readonly Limit[], response: ServerResponse): RequestLimits {
  const states = new Map<Limit, RateLimiterRes>();
  const take = async (unit: Policy['unit'], by: Policy['by'], id: string, amount: number): Promise<void> => {
    for (const limit of limits) {
      if (limit.unit !== unit || limit.by !== by) continue;
      if (amount > limit.quota) throw neverPossible(limit, amount);
      const { state, isOver } = await consume(limit, id, amount);
      states.set(limit, state);
      describeStates(states, response);
      if (isOver) throw rateLimited(limit, state);
    }
  };
  return {
    takeRequest: (by, id) => take('requests', by, id, 1),
    takeTokens: (by, id, bytes) => take('tokens', by, id, Math.ceil(bytes / BYTES_PER_TOKEN)),
    async addTokens(by, id, tokens) {
      for (const limit of limits) {
        if (limit.unit === 'tokens' && limit.by === by) states.set(limit, await limit.limiter.penalty(id, tokens));
      }
      if (states.size > 0 && !response.headersSent) describeStates(states, response);
    },
  };
}

async function consume(
  { limiter }: Limit,
  id: string,
  amount: number,
): Promise<{ state: RateLimiterRes; isOver: boolean }> {
  try {
    return { state: await limiter.consume(id, amount), isOver: false };
  } catch (error) {
    if (error instanceof RateLimiterRes) return { state: error, isOver: true };
    throw error;
  }
}

const secondsUntilReset = ({ msBeforeNext }: RateLimiterRes): number => Math.ceil(msBeforeNext / 1000);

/** Tokens are told as the content bytes that they are estimated from: the draft has no unit for tokens. */
function describeStates(states: ReadonlyMap<Limit, RateLimiterRes>, response: ServerResponse): void {
  const entries = [...states];
  const policies = entries.map(([{ name, unit, quota }]) =>
    unit === 'tokens'
      ? `"${name}";q=${quota * BYTES_PER_TOKEN};qu="content-bytes";w=${WINDOW_S}`
      : `"${name}";q=${quota};w=${WINDOW_S}`,
  );
  const left = entries.map(([{ name, unit }, state]) => {
    const remaining = state.remainingPoints * (unit === 'tokens' ? BYTES_PER_TOKEN : 1);
    return `"${name}";r=${remaining};t=${secondsUntilReset(state)}`;
  });
  response.setHeader('RateLimit-Policy', policies.join(', '));
  response.setHeader('RateLimit', left.join(', '));
}

function rateLimited({ by, unit, quota }: Limit, state: RateLimiterRes): ApiError {
  const retryAfter = secondsUntilReset(state);
  return new ApiError(
    'RATE_LIMITED',
    `One ${by} may ask for at most ${quota} ${unit} a minute: try again in ${retryAfter} s`,
    { headers: { 'Retry-After': String(retryAfter) } },
  );
}

/** Waiting would not help. */
function neverPossible({ by, quota }: Limit, amount: number): ApiError {
  return new ApiError(
    'BODY_TOO_LARGE',
    `One ${by} may ask for at most ${quota} tokens a minute, and this request has ${amount}`,
  );
}
