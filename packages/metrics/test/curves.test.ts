import { describe, expect, it } from 'vitest';

import {
  classificationMetrics,
  confidenceHistogram,
  precisionRecallCurve,
  reliabilityBins,
  rocCurve,
} from '../src/index.js';
import { caseNamed, oracle } from './oracle.js';

function expectAllClose(actual: readonly number[], expected: readonly (number | null)[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => {
    const recorded = expected[index] ?? NaN;
    if (Number.isNaN(recorded)) expect(value).toBeNaN();
    else expect(Math.abs(value - recorded)).toBeLessThan(1e-12);
  });
}

describe.each(oracle.curves)('curves agree with scikit-learn: $name', ({ name, roc, precisionRecall, reliability }) => {
  const { labels, probabilities } = caseNamed(name);

  it('rocCurve', () => {
    const curve = rocCurve(labels, probabilities);
    expectAllClose(curve.falsePositiveRates, roc.falsePositiveRates);
    expectAllClose(curve.truePositiveRates, roc.truePositiveRates);
    expect(curve.thresholds).toEqual([Infinity, ...roc.thresholds]);
  });

  it('precisionRecallCurve', () => {
    const curve = precisionRecallCurve(labels, probabilities);
    expectAllClose(curve.precisions, precisionRecall.precisions);
    expectAllClose(curve.recalls, precisionRecall.recalls);
    expect(curve.thresholds).toEqual(precisionRecall.thresholds);
  });

  it.each(reliability)('reliabilityBins in $bins', (recorded) => {
    const bins = reliabilityBins(labels, probabilities, recorded.bins);
    expect(bins.map(({ count }) => count)).toEqual(recorded.counts);
    const filled = bins.filter(({ count }) => count > 0);
    const means = filled.map(({ meanProbability }) => meanProbability);
    const shares = filled.map(({ positiveShare }) => positiveShare);
    expectAllClose(means, recorded.meanProbabilities);
    expectAllClose(shares, recorded.positiveShares);
  });
});

describe('rocCurve', () => {
  const { labels, probabilities, metrics } = caseNamed('many ties');

  it('encloses the ROC AUC', () => {
    const { falsePositiveRates: x, truePositiveRates: y } = rocCurve(labels, probabilities);
    const area = x
      .slice(1)
      .reduce((sum, right, i) => sum + ((right - (x[i] ?? 0)) * ((y[i] ?? 0) + (y[i + 1] ?? 0))) / 2, 0);
    expect(area).toBeCloseTo(metrics.rocAuc ?? NaN, 12);
  });

  it('of one class has no rate for the other', () => {
    const { falsePositiveRates, truePositiveRates } = rocCurve([1, 1], [0.9, 0.2]);
    expect(falsePositiveRates).toEqual([NaN, NaN, NaN]);
    expect(truePositiveRates).toEqual([0, 0.5, 1]);
  });
});

describe('precisionRecallCurve', () => {
  it('has the average precision under its steps', () => {
    const { labels, probabilities } = caseNamed('imbalanced');
    const { precisions, recalls } = precisionRecallCurve(labels, probabilities);
    const steps = precisions.map((precision, i) => ((recalls[i] ?? 0) - (recalls[i + 1] ?? 0)) * precision);
    const area = steps.slice(0, -1).reduce((sum, step) => sum + step, 0);
    expect(area).toBeCloseTo(classificationMetrics(labels, probabilities).prAuc, 12);
  });

  it('without positives has no recall', () => {
    expect(precisionRecallCurve([0, 0], [0.3, 0.6]).recalls).toEqual([NaN, NaN, 0]);
  });
});

describe('reliabilityBins', () => {
  it('has 15 bins by default, whose distances make the expected calibration error', () => {
    const { labels, probabilities } = caseNamed('balanced');
    const bins = reliabilityBins(labels, probabilities);
    expect(bins).toHaveLength(15);
    const filled = bins.filter(({ count }) => count > 0);
    const distances = filled.map((bin) => (bin.count / 200) * Math.abs(bin.meanProbability - bin.positiveShare));
    const { expectedCalibrationError } = classificationMetrics(labels, probabilities);
    expect(distances.reduce((sum, distance) => sum + distance, 0)).toBeCloseTo(expectedCalibrationError, 12);
  });

  it('puts a probability on an edge into the bin below, and 0 into the first', () => {
    const counts = reliabilityBins([0, 0, 0, 0], [0, 0.25, 0.5, 1], 4).map(({ count }) => count);
    expect(counts).toEqual([2, 1, 0, 1]);
  });

  it('keeps empty bins, without means', () => {
    expect(reliabilityBins([1], [0.75], 2)).toEqual([
      { from: 0, to: 0.5, count: 0, meanProbability: NaN, positiveShare: NaN },
      { from: 0.5, to: 1, count: 1, meanProbability: 0.75, positiveShare: 1 },
    ]);
  });

  it.each([0, 1.5, NaN])('refuses %d bins', (bins) => {
    const refused = () => reliabilityBins([1], [0.5], bins);
    expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});

describe('confidenceHistogram', () => {
  it('counts right and wrong rows by the probability of the class that was named', () => {
    const histogram = confidenceHistogram([0, 1, 1, 0, 1], [0.1, 0.1, 0.9, 0.5, 0.7], 2);
    expect(histogram).toEqual([
      { from: 0.5, to: 0.75, right: 2, wrong: 0 },
      { from: 0.75, to: 1, right: 2, wrong: 1 },
    ]);
  });

  it('counts as many rows right as the accuracy says', () => {
    const { labels, probabilities, metrics } = caseNamed('many ties');
    const right = confidenceHistogram(labels, probabilities).reduce((sum, bin) => sum + bin.right, 0);
    expect(right / 200).toBe(metrics.accuracy);
  });
});
