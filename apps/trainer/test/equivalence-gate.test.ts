import { describe, expect, test } from 'vitest';

import { describeEquivalence, judgeEquivalence } from '../src/equivalence-gate.js';

/** Scores of `rows` reviews, half of them positive and all right; int8 answers the first `wrong` ones wrongly. */
function scores(rows: number, wrong: number, shift = 0) {
  const labels = Array.from({ length: rows }, (_, row) => row % 2);
  const fp32 = labels.map((label) => (label === 1 ? 0.51 : 0.49));
  const int8 = labels.map((label, row) => (row < wrong ? (label === 1 ? 0.49 : 0.51) : (fp32[row] ?? 0) + shift));
  return { labels, fp32, int8 };
}

describe('judgeEquivalence', () => {
  test('calls graphs equivalent when the 90 % interval lies inside the margin', () => {
    const report = judgeEquivalence(scores(5000, 5), 0.5);
    expect(report).toMatchObject({
      verdict: 'equivalent',
      rows: 5000,
      flips: 5,
      flip_share: 0.001,
      accuracy: { fp32: 1, int8: 0.999, difference: -0.001 },
      limits: { margin: 0.005, flip_share: 0.02, mean_probability_difference: 0.02 },
    });
    expect(report.max_probability_difference).toBeCloseTo(0.02, 12);
    expect(report.accuracy?.interval[0]).toBeGreaterThan(-0.005);
  });

  test('refuses a graph whose accuracy is surely beyond the margin, better or worse', () => {
    const worse = scores(5000, 60);
    expect(judgeEquivalence(worse, 0.5)).toMatchObject({
      verdict: 'refused',
      reasons: [expect.stringMatching(/^the accuracies differ by -1\.\d\d to -0\.9\d points/)],
    });
    const better = { labels: worse.labels, fp32: worse.int8, int8: worse.fp32 };
    expect(judgeEquivalence(better, 0.5).verdict).toBe('refused');
  });

  test('is inconclusive where there are too few labels, and says so', () => {
    expect(judgeEquivalence(scores(200, 1), 0.5)).toMatchObject({
      verdict: 'inconclusive',
      reasons: [
        expect.stringMatching(/^200 reviews are too few labels to tell: .* 0\.5 are allowed$/),
        'flips and probabilities are within their limits',
      ],
    });
  });

  test('is inconclusive without labels, where flips and probabilities are within their limits', () => {
    const { fp32, int8 } = scores(5000, 5);
    const report = judgeEquivalence({ fp32, int8 }, 0.5);
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      flips: 5,
      reasons: ['the reviews have no labels', 'flips and probabilities are within their limits'],
    });
    expect(report).not.toHaveProperty('accuracy');
  });

  test('refuses more than 2 % of flips, labeled or not', () => {
    const { fp32, int8, labels } = scores(1000, 21);
    const flips = '21 of 1000 labels flip (2.10 %), 2.00 % are allowed';
    expect(judgeEquivalence({ fp32, int8 }, 0.5)).toMatchObject({ verdict: 'refused', reasons: [flips] });
    // However large a margin of accuracy is allowed.
    expect(judgeEquivalence({ labels, fp32, int8 }, 50)).toMatchObject({ verdict: 'refused', reasons: [flips] });
    expect(judgeEquivalence(scores(1000, 20), 5).verdict).toBe('equivalent');
  });

  test('asks nothing of the flips among fewer than 100 reviews, and everything of the probabilities', () => {
    expect(judgeEquivalence(scores(99, 3), 0.5).verdict).toBe('inconclusive');
    const { fp32, int8 } = scores(99, 0, 0.021);
    expect(judgeEquivalence({ fp32, int8 }, 0.5)).toMatchObject({
      verdict: 'refused',
      reasons: ['probabilities differ by 0.0210 on average, 0.02 is allowed'],
    });
  });

  test('lists every limit that is exceeded', () => {
    expect(judgeEquivalence(scores(1000, 900), 0.5).reasons).toHaveLength(2);
    const broken = { ...scores(1000, 0), int8: new Float64Array(1000).fill(0) };
    const report = judgeEquivalence(broken, 0.5);
    expect(report.reasons).toHaveLength(3);
    expect(describeEquivalence(report)).toMatch(/^int8 against fp32 on 1000 reviews: refused, 500 labels flip; 500 of/);
  });

  test('refuses probabilities that are no numbers', () => {
    const { fp32 } = scores(200, 0);
    expect(judgeEquivalence({ fp32, int8: fp32.map(() => NaN) }, 0.5).verdict).toBe('refused');
  });
});
