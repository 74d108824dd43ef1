import { setImmediate } from 'node:timers/promises';

import { ModelCoreError } from '../errors.js';

/** Time and tokens of one explanation. */
export interface Meter {
  /** Tokens that were run through the model. */
  readonly cost: number;
  count(tokens: number): void;
  /** Asked before each run: lets other events be seen, and tells whether time is up. Rejects with the signal's reason when it is aborted. */
  isOver(): Promise<boolean>;
}

export interface MeterOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onTokens?: (tokens: number) => void;
}

export function createMeter({ timeoutMs, signal, onTokens }: MeterOptions): Meter {
  const endMs = performance.now() + timeoutMs;
  let cost = 0;
  return {
    get cost() {
      return cost;
    },
    count(tokens) {
      cost += tokens;
      onTokens?.(tokens);
    },
    async isOver() {
      await setImmediate();
      signal?.throwIfAborted();
      return performance.now() >= endMs;
    },
  };
}

/** For a method that has nothing to show yet when time is up. */
export const deadlineExceeded = (done: string): ModelCoreError =>
  new ModelCoreError('DEADLINE_EXCEEDED', `the time for an explanation ended after ${done}`);
