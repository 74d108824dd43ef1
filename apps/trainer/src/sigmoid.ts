/** Probability of log-odds; exp never overflows to NaN here. */
export const sigmoid = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
