import { SENTIMENTS } from '@marquee/contracts';
import type { LabelScore, SentimentProbabilities } from '@marquee/contracts';

/** What becomes of the logits of the two labels. */
type ScoreFunction = 'softmax' | 'sigmoid' | 'none';

/**
 * The labels with their scores, the likelier first. Logits are known up to a constant that both share, and are centered here: the
 * model's odds of the one label over the other, halved, and their negative.
 */
export function rankLabels(
  probabilities: SentimentProbabilities,
  apply: ScoreFunction = 'softmax',
): readonly LabelScore[] {
  const halfLogOdds = (Math.log(probabilities.positive) - Math.log(probabilities.negative)) / 2;
  const scores = SENTIMENTS.map((label) => {
    const logit = label === 'positive' ? halfLogOdds : -halfLogOdds;
    return {
      label,
      score: apply === 'softmax' ? probabilities[label] : apply === 'sigmoid' ? sigmoid(logit) : finite(logit),
    };
  });
  return scores.sort((a, b) => b.score - a.score);
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** JSON has no infinity: beyond what a double holds of a probability, the largest float does. */
const finite = (logit: number): number => Math.max(-3.4e38, Math.min(3.4e38, logit));
