import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { classificationMetrics, MetricsError } from '../src/index.js';
import { caseNamed, oracle } from './oracle.js';

const scoredRows = fc.array(
  fc.record({
    label: fc.constantFrom(0, 1),
    probability: fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
  }),
  { minLength: 1, maxLength: 60 },
);
const rowsOfBothClasses = scoredRows.map((rows) => [
  { label: 0, probability: 0.5 },
  { label: 1, probability: 0.25 },
  ...rows,
]);
type Rows = readonly { readonly label: number; readonly probability: number }[];
const metricsOf = (rows: Rows) =>
  classificationMetrics(
    rows.map((row) => row.label),
    rows.map((row) => row.probability),
  );

describe('classificationMetrics', () => {
  it.each(oracle.cases)('agrees with scikit-learn: $name', ({ labels, probabilities, metrics: recorded }) => {
    const { confusionMatrix, n, ...values } = classificationMetrics(labels, probabilities);
    expect({ confusionMatrix, n }).toEqual({ confusionMatrix: recorded.confusionMatrix, n: recorded.n });
    for (const [name, value] of Object.entries(values)) {
      const expected = recorded[name as keyof typeof values] ?? Number.NaN;
      if (Number.isNaN(expected)) expect(value, name).toBeNaN();
      else expect(Math.abs(value - expected), name).toBeLessThan(1e-12);
    }
  });

  it('does not depend on the order of the rows, to the bit', () => {
    const property = fc.property(scoredRows, fc.infiniteStream(fc.nat()), (rows, keys) => {
      const shuffled = rows
        .map((row) => ({ row, key: keys.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ row }) => row);
      expect(metricsOf(shuffled)).toEqual(metricsOf(rows));
    });
    fc.assert(property, { seed: 5, numRuns: 300 });
  });

  it('counts ROC AUC as the share of pairs in the right order, ties as a half', () => {
    const property = fc.property(rowsOfBothClasses, (rows) => {
      const positives = rows.filter((row) => row.label === 1);
      const negatives = rows.filter((row) => row.label === 0);
      const points = positives.flatMap((positive) =>
        negatives.map((negative) => (Math.sign(positive.probability - negative.probability) + 1) / 2),
      );
      const expected = points.reduce((sum, point) => sum + point, 0) / points.length;
      expect(metricsOf(rows).rocAuc).toBeCloseTo(expected, 12);
    });
    fc.assert(property, { seed: 6, numRuns: 300 });
  });

  it('mirrors when the classes change places', () => {
    const property = fc.property(rowsOfBothClasses, (rows) => {
      const eighths = rows.map((row) => ({ ...row, probability: Math.round(row.probability * 7) / 8 + 1 / 16 }));
      const mirrored = eighths.map((row) => ({ label: 1 - row.label, probability: 1 - row.probability }));
      const [one, other] = [metricsOf(eighths), metricsOf(mirrored)];
      expect(other.confusionMatrix.flat().reverse()).toEqual(one.confusionMatrix.flat());
      expect(other.rocAuc).toBeCloseTo(one.rocAuc, 12);
      expect(other.logLoss).toBeCloseTo(one.logLoss, 12);
      expect(other.brier).toBeCloseTo(one.brier, 12);
      expect(other.mcc).toBeCloseTo(one.mcc, 12);
    });
    fc.assert(property, { seed: 7, numRuns: 200 });
  });

  it('gives one class no ROC AUC, and JSON a null', () => {
    expect(JSON.parse(JSON.stringify(classificationMetrics([1, 1], [0.9, 0.2])))).toMatchObject({
      rocAuc: null,
      recall: 0.5,
    });
  });

  it('gives no positives no average precision, where scikit-learn warns and says 0', () => {
    const { labels, probabilities } = caseNamed('only negatives');
    expect(classificationMetrics(labels, probabilities).prAuc).toBeNaN();
    expect(oracle.withoutPositives.prAuc).toBe(0);
  });

  it('gives equal probabilities the share of positives as average precision, and their distance from it as calibration error', () => {
    const metrics = classificationMetrics([1, 0, 0, 1, 0], [0.7, 0.7, 0.7, 0.7, 0.7]);
    expect(metrics).toMatchObject({ rocAuc: 0.5, prAuc: 0.4, mcc: 0 });
    expect(metrics.expectedCalibrationError).toBeCloseTo(0.3, 12);
  });

  it('has a calibration error of 0 where each bin has the share of positives that it says', () => {
    const metrics = classificationMetrics([1, 0, 0, 0, 1, 1, 1, 0], [0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75]);
    expect(metrics.expectedCalibrationError).toBe(0);
  });

  it('keeps the log loss of certain mistakes finite', () => {
    expect(classificationMetrics([0, 1], [1, 0]).logLoss).toBeCloseTo(-Math.log(Number.EPSILON), 12);
  });

  it('takes typed arrays', () => {
    const plain = classificationMetrics([0, 1, 1], [0.25, 0.75, 0.5]);
    expect(classificationMetrics(Uint8Array.of(0, 1, 1), Float32Array.of(0.25, 0.75, 0.5))).toEqual(plain);
  });

  it.each([
    { labels: [], probabilities: [], code: 'EMPTY_INPUT', message: 'expected at least one row, got none' },
    { labels: [0, 1], probabilities: [0.5], code: 'LENGTH_MISMATCH', message: 'got 2 labels and 1 probabilities' },
    { labels: [0, 2], probabilities: [0, 0], code: 'INVALID_LABEL', message: 'label 1 must be 0 or 1, got 2' },
    {
      labels: [0],
      probabilities: [1.1],
      code: 'INVALID_PROBABILITY',
      message: 'probability 0 must lie in [0, 1], got 1.1',
    },
    { labels: [0], probabilities: [Number.NaN], code: 'INVALID_PROBABILITY', message: 'got NaN' },
  ])('refuses with $code', ({ labels, probabilities, code, message }) => {
    const measure = () => classificationMetrics(labels, probabilities);
    expect(measure).toThrow(MetricsError);
    expect(measure).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});
