import { shareAmongWords } from '@marquee/linear';

import type { Scores } from './explanation.js';
import { deadlineExceeded, type Meter } from './meter.js';
import type { LinePoint, Saliency } from './saliency.js';
import { type LinearPart, NO_WORD, type Subject, type TransformerPart } from './subject.js';

export interface IntegrationOptions {
  /** Part of |logitChange| that the gap may be. */
  readonly tolerance: number;
  readonly maxSteps: number;
}

/** A gap of so much of a logit is none, however small the change. */
const SMALL_GAP = 0.01;
const FIRST_STEPS = 16;

/**
 * Integrated gradients (Sundararajan et al. 2017) from [PAD] embeddings, positions kept: each token's gradient times (input − baseline), averaged along the straight line
 * between both. The trapezoid rule's steps double, so that every point is used again, until the scores sum to the change of the logit (the completeness axiom) within the
 * tolerance. A linear member's part is exact (`shareAmongWords`). Throws `DEADLINE_EXCEEDED` when time is up before a first estimate.
 */
export async function integratedGradients(
  { words, parts }: Subject,
  openGradients: (member: string) => Promise<Saliency>,
  meter: Meter,
  { tolerance, maxSteps }: IntegrationOptions,
): Promise<Scores> {
  const lines: LineIntegral[] = [];
  for (const part of parts) {
    if (part.kind === 'transformer') lines.push(createLineIntegral(part, await openGradients(part.member), meter));
  }
  const linear = parts.filter((part) => part.kind === 'linear');
  const estimate = (): Omit<Scores, 'steps' | 'converged'> => {
    const scores = new Float64Array(words.length);
    let logitChange = 0;
    for (const part of linear) logitChange += addLinear(part, scores);
    for (const line of lines) logitChange += line.addTo(scores);
    return { scores, logitChange };
  };
  if (lines.length === 0) {
    for (const part of linear) meter.count(part.words.length);
    return { ...estimate(), steps: 1, converged: true };
  }

  const fewest = Math.min(FIRST_STEPS, maxSteps);
  for (let steps = fewest; ; steps *= 2) {
    for (const line of lines) {
      if (await line.refine(steps)) continue;
      if (steps === fewest) throw deadlineExceeded(`fewer than ${fewest} steps`);
      return { ...estimate(), steps: steps / 2, converged: false };
    }
    const found = estimate();
    const converged = gapOf(found) <= Math.max(tolerance * Math.abs(found.logitChange), tolerance && SMALL_GAP);
    if (converged || 2 * steps > maxSteps) return { ...found, steps, converged };
  }
}

export const gapOf = ({ scores, logitChange }: Pick<Scores, 'scores' | 'logitChange'>): number =>
  Math.abs(scores.reduce((sum, score) => sum + score, 0) - logitChange);

interface LineIntegral {
  /** Makes the estimate one of so many steps, twice the last. False when time was up first: the last estimate then stays. */
  refine(steps: number): Promise<boolean>;
  /** Adds the tokens' estimates to their words' scores, and returns the change of the logit. */
  addTo(scores: Float64Array): number;
}

function createLineIntegral(part: TransformerPart, gradients: Saliency, meter: Meter): LineIntegral {
  const { inputIds, wordOf, factor } = part;
  const baselineIds = inputIds.map((id, place) => (wordOf[place] === NO_WORD ? id : gradients.padId));
  let logitChange = 0;
  /** The trapezoid rule's: half of both ends and all of the points between, over the steps. */
  let average = new Float64Array(inputIds.length);

  const pointsAt = async (alphas: readonly number[]): Promise<LinePoint[] | undefined> => {
    const points: LinePoint[] = [];
    const batch = gradients.batchOf(inputIds.length);
    for (let first = 0; first < alphas.length; first += batch) {
      if (await meter.isOver()) return undefined;
      const some = alphas.slice(first, first + batch);
      points.push(...(await gradients.run({ inputIds, baselineIds }, some)));
      meter.count(some.length * inputIds.length);
    }
    return points;
  };

  const start = async (steps: number): Promise<boolean> => {
    const points = await pointsAt(Array.from({ length: steps + 1 }, (_, i) => i / steps));
    const [baseline, review] = [points?.[0], points?.at(-1)];
    if (!points || !baseline || !review) return false;
    logitChange = review.logit - baseline.logit;
    points.forEach(({ products }, i) => {
      const weight = i === 0 || i === steps ? 0.5 / steps : 1 / steps;
      products.forEach((product, token) => void (average[token]! += weight * product)); // as many tokens
    });
    return true;
  };

  let isStarted = false;
  return {
    async refine(steps) {
      if (!isStarted) return (isStarted = await start(steps));
      const points = await pointsAt(Array.from({ length: steps / 2 }, (_, i) => (2 * i + 1) / steps));
      if (!points) return false;
      const next = average.map((value) => value / 2);
      for (const { products } of points) products.forEach((product, token) => void (next[token]! += product / steps));
      average = next;
      return true;
    },
    addTo(scores) {
      average.forEach((value, token) => {
        const word = wordOf[token]!; // as many tokens
        if (word !== NO_WORD) scores[word]! += factor * value;
      });
      return factor * logitChange;
    },
  };
}

function addLinear({ model, words, wordOf, factor }: LinearPart, scores: Float64Array): number {
  let change = 0;
  shareAmongWords(model, words).forEach((share, i) => {
    scores[wordOf[i]!]! += factor * share; // as many words
    change += factor * share;
  });
  return change;
}
