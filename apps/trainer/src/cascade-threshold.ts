/** What a linear model and a blend answer to the same validation reviews. */
export interface StageScores {
  readonly labels: ArrayLike<number>;
  /** Log-odds of the positive label. */
  readonly linear: ArrayLike<number>;
  readonly blend: ArrayLike<number>;
}

export interface CascadeChoice {
  readonly threshold: number;
  /** Share of the reviews that the linear model answers. */
  readonly coverage: number;
  readonly accuracy: number;
  /** Of the blend alone. */
  readonly blendAccuracy: number;
}

/**
 * The lowest threshold for which the cascade's accuracy is at most `maxAccuracyLoss` below the blend's, and below no further for any higher one: going from the surest
 * review down, the search ends where the allowed loss is first exceeded. Where even the surest costs more, the threshold is twice its logit.
 */
export function chooseThreshold(scores: StageScores, maxAccuracyLoss: number): CascadeChoice {
  const { labels, linear, blend } = scores;
  const rows = Array.from({ length: labels.length }, (_, row) => row);
  const certainty = (row: number): number => Math.abs(linear[row] ?? 0);
  const isRight = (logits: ArrayLike<number>, row: number): boolean => (logits[row] ?? 0) > 0 === (labels[row] === 1);
  const surestFirst = rows.toSorted((a, b) => certainty(b) - certainty(a));
  const blendRight = rows.filter((row) => isRight(blend, row)).length;
  const least = blendRight - maxAccuracyLoss * rows.length - 1e-9; // a loss that is allowed to the row is allowed
  const inTotal = (right: number): number => right / rows.length;
  let right = blendRight;
  let chosen = { threshold: 2 * certainty(surestFirst[0] ?? 0), coverage: 0, accuracy: inTotal(blendRight) };
  for (const [place, row] of surestFirst.entries()) {
    right += Number(isRight(linear, row)) - Number(isRight(blend, row));
    const next = surestFirst[place + 1];
    if (next !== undefined && certainty(next) === certainty(row)) continue; // a threshold takes both or none
    if (right < least) break;
    chosen = { threshold: certainty(row), coverage: (place + 1) / rows.length, accuracy: inTotal(right) };
  }
  return { ...chosen, blendAccuracy: inTotal(blendRight) };
}
