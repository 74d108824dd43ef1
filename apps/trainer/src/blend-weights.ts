import type { BlendRule } from '@marquee/model-core';
import { createRandom } from '@marquee/dataset';

import { sigmoid } from './sigmoid.js';

/** What each member says of the same reviews: its log-odds of the positive label, by member. */
export type MemberLogits = Readonly<Record<string, Float64Array>>;

/** ½ λ ‖w‖²: too little to be felt beside a hundred reviews, and enough that weights stay finite where members are never wrong. */
const RIDGE = 1;
const MAX_NEWTON_STEPS = 50;
const FOLD_STREAM = 0x666f6c64;

/** The weights and bias whose blend of the logits has the least log loss on the rows: a logistic regression on the members' logits, by Newton's method. */
export function fitBlend(
  logits: MemberLogits,
  labels: ArrayLike<number>,
  rows: readonly number[] = rowsOf(labels),
): BlendRule {
  const names = Object.keys(logits);
  const columns = [...names.map((name) => logits[name] ?? []), new Float64Array(labels.length).fill(1)];
  const weights = columns.map(() => 0); // the last one is the bias
  for (let step = 0; step < MAX_NEWTON_STEPS; step++) {
    const { gradient, hessian } = derivatives(columns, labels, rows, weights);
    const change = solve(hessian, gradient);
    change.forEach((value, i) => (weights[i] = (weights[i] ?? 0) - value));
    if (Math.max(...change.map(Math.abs)) < 1e-10) break;
  }
  const bias = weights.at(-1) ?? 0;
  return { weights: Object.fromEntries(names.map((name, i) => [name, weights[i] ?? 0])), bias };
}

/** The blend's logit for each row. */
export function blendLogits(logits: MemberLogits, { weights, bias }: BlendRule): Float64Array {
  const members = Object.entries(logits);
  const count = members[0]?.[1].length ?? 0;
  return Float64Array.from({ length: count }, (_, row) =>
    members.reduce((sum, [name, values]) => sum + (weights[name] ?? 0) * (values[row] ?? NaN), bias),
  );
}

/** `0.53 × linear + 0.63 × transformer − 0.16`, for a person. */
export function formatBlend({ weights, bias }: BlendRule): string {
  const terms = Object.entries(weights).map(([name, weight]) => `${weight.toFixed(3)} × ${name}`);
  return `${terms.join(' + ')} ${bias < 0 ? '−' : '+'} ${Math.abs(bias).toFixed(3)}`;
}

/** Each row's logit under weights that were fitted without the fold that it stands in: what the blend will do on reviews that it was not fitted on. */
export function crossFitBlend(
  logits: MemberLogits,
  labels: ArrayLike<number>,
  folds: number,
  seed: number,
): Float64Array {
  const shuffled = createRandom(seed, FOLD_STREAM).shuffle(rowsOf(labels));
  // Rows in turn from each class, so that each fold has its share of both.
  const byClass = [0, 1].flatMap((label) => shuffled.filter((row) => labels[row] === label));
  const crossFitted = new Float64Array(labels.length);
  for (let fold = 0; fold < folds; fold++) {
    const heldOut = byClass.filter((_, place) => place % folds === fold);
    const others = byClass.filter((_, place) => place % folds !== fold);
    const blended = blendLogits(logits, fitBlend(logits, labels, others));
    for (const row of heldOut) crossFitted[row] = blended[row] ?? NaN;
  }
  return crossFitted;
}

const rowsOf = (labels: ArrayLike<number>): number[] => Array.from({ length: labels.length }, (_, row) => row);

function derivatives(
  columns: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  rows: readonly number[],
  weights: readonly number[],
) {
  // The bias is not shrunk; a trace of it keeps the matrix regular.
  const ridge: number[] = weights.map((_, i) => (i === weights.length - 1 ? 1e-9 : RIDGE));
  const gradient = weights.map((weight, i) => (ridge[i] ?? 0) * weight);
  const hessian = weights.map((_, i) => weights.map((_, j) => (i === j ? (ridge[i] ?? 0) : 0)));
  for (const row of rows) {
    const x = columns.map((column) => column[row] ?? NaN);
    const p = sigmoid(x.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0));
    x.forEach((value, i) => {
      gradient[i] = (gradient[i] ?? 0) + (p - (labels[row] ?? 0)) * value;
      const line = hessian[i] ?? [];
      x.forEach((other, j) => (line[j] = (line[j] ?? 0) + p * (1 - p) * value * other));
    });
  }
  return { gradient, hessian };
}

/** Solves a small symmetric positive definite system by Gaussian elimination; no pivots are needed. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lines = matrix.map((line, i) => [...line, right[i] ?? 0]);
  const size = right.length;
  for (let i = 0; i < size; i++) {
    const pivot = lines[i]!; // i is below the size
    for (let k = 0; k < size; k++) {
      if (k === i) continue;
      const line = lines[k]!; // and so is k
      const factor = line[i]! / pivot[i]!;
      for (let j = i; j <= size; j++) line[j]! -= factor * pivot[j]!;
    }
  }
  return lines.map((line, i) => line[size]! / line[i]!); // a line has size + 1 numbers
}
