import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { classificationMetrics, fitTemperature, temperProbability } from '../src/index.js';
import { pairedOracle } from './oracle.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe('fitTemperature', () => {
  it.each(pairedOracle.temperatures)('agrees with scipy and PyTorch: $name', ({ labels, margins, temperature }) => {
    const fitted = fitTemperature(labels, margins);
    expect(fitted.isMinimum).toBe(true);
    expect(Math.abs(fitted.temperature / temperature.scipy - 1)).toBeLessThan(1e-6);
    expect(Math.abs(fitted.temperature / temperature.torch - 1)).toBeLessThan(1e-6);
  });

  it('never gives a larger log loss than the temperature 1', () => {
    const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.double({ min: -30, max: 30, noNaN: true })), {
      minLength: 1,
      maxLength: 40,
    });
    const property = fc.property(rows, (drawn) => {
      const labels = drawn.map(([label]) => label);
      const margins = drawn.map(([, margin]) => margin);
      const { temperature } = fitTemperature(labels, margins);
      const lossAt = (t: number) =>
        classificationMetrics(
          labels,
          margins.map((margin) => sigmoid(margin / t)),
        ).logLoss;
      expect(lossAt(temperature)).toBeLessThanOrEqual(lossAt(1) + 1e-12);
    });
    fc.assert(property, { seed: 9, numRuns: 200 });
  });

  it('follows the scale of the margins', () => {
    const labels = [0, 1, 1, 0, 1];
    const margins = [-2, 3, -1, 0.5, 1];
    const { temperature } = fitTemperature(labels, margins);
    const scaled = fitTemperature(
      labels,
      margins.map((margin) => 4 * margin),
    );
    expect(scaled.temperature).toBeCloseTo(4 * temperature, 10);
  });

  it('says that there is no minimum where every row is right, or the margins tell nothing', () => {
    expect(fitTemperature([0, 1], [-1, 2])).toEqual({ temperature: 0.01, isMinimum: false });
    expect(fitTemperature([0, 1], [1, -2])).toEqual({ temperature: 100, isMinimum: false });
    expect(fitTemperature([0, 1], [0, 0])).toEqual({ temperature: 100, isMinimum: false });
    expect(fitTemperature([1], [3])).toEqual({ temperature: 0.01, isMinimum: false });
  });

  it('makes equal margins as sure as they are right, and takes margins of ±1000', () => {
    const { temperature } = fitTemperature([0, 1, 1, 1], [-90, 90, 90, -90]);
    expect(sigmoid(90 / temperature)).toBeCloseTo(0.75, 12);
    expect(fitTemperature([0, 1, 1, 1], [-1000, 1000, 1000, -1000])).toEqual({ temperature: 100, isMinimum: false });
  });

  it.each([
    { labels: [], margins: [], code: 'EMPTY_INPUT' },
    { labels: [1], margins: [1, 2], code: 'LENGTH_MISMATCH' },
    { labels: [2], margins: [1], code: 'INVALID_LABEL' },
    { labels: [1], margins: [Infinity], code: 'INVALID_MARGIN' },
  ])('refuses with $code', ({ labels, margins, code }) => {
    expect(() => fitTemperature(labels, margins)).toThrow(expect.objectContaining({ code }));
  });
});

describe('temperProbability', () => {
  it('is the sigmoid of the divided margin', () => {
    expect(temperProbability(sigmoid(3), 2)).toBeCloseTo(sigmoid(1.5), 14);
    expect(temperProbability(sigmoid(-20), 0.5)).toBeCloseTo(sigmoid(-40), 20);
  });

  it('leaves certainty certain', () => {
    expect([temperProbability(0, 3), temperProbability(1, 3), temperProbability(0.5, 3)]).toEqual([0, 1, 0.5]);
  });
});
