export interface Pace {
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export interface PaceMeter {
  /** Counts finished steps and what they took. */
  add(step: number, tokens: number, seconds: number): Pace;
}

/** Pace over the last steps: the first two of a session are slow, and neighbors come and go. */
export function createPaceMeter(totalSteps: number): PaceMeter {
  const RECENT = 20;
  const recent: { tokens: number; seconds: number }[] = [];
  return {
    add(step, tokens, seconds) {
      recent.push({ tokens, seconds });
      if (recent.length > RECENT) recent.shift();
      const sum = recent.reduce((total, entry) => ({
        tokens: total.tokens + entry.tokens,
        seconds: total.seconds + entry.seconds,
      }));
      return {
        tokensPerSecond: Math.round(sum.tokens / sum.seconds),
        secondsLeft: Math.round(((totalSteps - step) * sum.seconds) / recent.length),
      };
    },
  };
}
