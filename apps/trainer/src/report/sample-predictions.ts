import type { Review } from '@marquee/dataset';
import { LABELS } from '@marquee/model-core';

export interface SampleRows {
  readonly reviews: readonly Review[];
  readonly rowDigests: readonly string[];
}

export interface SamplePrediction {
  /** Line of the file at which the review starts. */
  readonly line: number;
  readonly row_digest: string;
  readonly label: string;
  readonly prediction: string;
  readonly probabilities: Readonly<Record<string, number>>;
  /** The first 300 characters: this file stays in the user's own folder. */
  readonly text: string;
}

export interface SamplePredictions {
  readonly surest_right: readonly SamplePrediction[];
  readonly surest_wrong: readonly SamplePrediction[];
  readonly nearest_one_half: readonly SamplePrediction[];
}

const SAMPLES = 10;
const TEXT_CHARACTERS = 300;

/** The reviews to look at first: where the model is surest and right, surest and wrong, and least sure. */
export function samplePredictions(
  { reviews, rowDigests }: SampleRows,
  positiveProbabilities: ArrayLike<number>,
): SamplePredictions {
  const at = (row: number): number => positiveProbabilities[row] ?? NaN;
  const distance = (row: number): number => Math.abs(at(row) - 0.5);
  const isRight = (row: number): boolean => classOf(at(row)) === reviews[row]?.label;
  const surestFirst = [...reviews.keys()].sort((a, b) => distance(b) - distance(a) || a - b);
  const leastSureFirst = [...reviews.keys()].sort((a, b) => distance(a) - distance(b) || a - b);
  const describe = (row: number): SamplePrediction => {
    const { text = '', label = 0, line = 0 } = reviews[row] ?? {};
    return {
      line,
      row_digest: rowDigests[row] ?? '',
      label: LABELS[label],
      prediction: LABELS[classOf(at(row))],
      probabilities: { negative: 1 - at(row), positive: at(row) },
      text: [...text].slice(0, TEXT_CHARACTERS).join(''),
    };
  };
  return {
    surest_right: surestFirst.filter(isRight).slice(0, SAMPLES).map(describe),
    surest_wrong: surestFirst
      .filter((row) => !isRight(row))
      .slice(0, SAMPLES)
      .map(describe),
    nearest_one_half: leastSureFirst.slice(0, SAMPLES).map(describe),
  };
}

/** One half means negative, as `argmax` decides. */
const classOf = (positiveProbability: number): 0 | 1 => (positiveProbability > 0.5 ? 1 : 0);
