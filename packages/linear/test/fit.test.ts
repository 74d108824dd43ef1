import { describe, expect, it } from 'vitest';

import { fitLinearModel, type FitOptions, LinearError, scoreText } from '../src/index.js';
import { oracle } from './oracle.js';

const { texts, labels, options, fitted } = oracle;
const EXACT: FitOptions = { ...options, tolerance: 1e-12, maxPasses: 20_000 };

describe('fitLinearModel', () => {
  it("has scikit-learn's weights, bias and logits", () => {
    const model = fitLinearModel(texts, labels, EXACT);
    const owned = [...model.tags.keys()].filter((bucket) => model.tags[bucket] !== 0);
    expect(owned).toEqual(fitted.buckets);
    expect(owned.map((bucket) => model.tags[bucket])).toEqual(fitted.tags);
    expect(model.bias).toBeCloseTo(fitted.bias, 6);
    owned.forEach((bucket, index) => {
      expect(model.weights[bucket]).toBeCloseTo(fitted.weights[index] ?? NaN, 6);
    });
    texts.forEach((text, row) => {
      expect(scoreText(model, text)).toBeCloseTo(fitted.logits[row] ?? NaN, 6);
    });
  });

  it('gives the same bits for the same seed, and nearly the same numbers for another', () => {
    const first = fitLinearModel(texts, labels, options);
    const again = fitLinearModel(texts, labels, options);
    expect(again.bias).toBe(first.bias);
    expect(again.weights.every((weight, bucket) => weight === first.weights[bucket])).toBe(true);
    const other = fitLinearModel(texts, labels, { ...EXACT, seed: 7 });
    expect(other.bias).not.toBe(first.bias);
    expect(other.bias).toBeCloseTo(fitted.bias, 6);
  });

  it('gives no weight to n-grams of fewer reviews than minReviews', () => {
    const model = fitLinearModel(['good unique', 'good', 'bad', 'bad'], [1, 1, 0, 0], { minReviews: 2 });
    expect(model.tags.filter((tag) => tag !== 0)).toHaveLength(2);
    expect(scoreText(model, 'unique')).toBe(model.bias);
    expect(scoreText(model, 'good')).toBeGreaterThan(1);
    expect(scoreText(model, 'bad')).toBeLessThan(-1);
  });

  it('is the bias alone where no n-gram is common enough', () => {
    const model = fitLinearModel(['good', 'bad'], [1, 0], { minReviews: 3, tolerance: 1e-9, maxPasses: 1000 });
    expect(model.weights.every((weight) => weight === 0)).toBe(true);
    expect(scoreText(model, 'good')).toBeCloseTo(0, 6);
  });

  it.each<[string, FitOptions, number[]]>([
    ['expected 2 labels, one a text, got 1', {}, [1]],
    ['labels must be 0 or 1, got 2', {}, [0, 2]],
    ['expected texts of both labels, got 2 texts of one label or none', {}, [1, 1]],
    ['minReviews must be a positive integer, got 0', { minReviews: 0 }, [0, 1]],
    ['maxPasses must be a positive integer, got 1.5', { maxPasses: 1.5 }, [0, 1]],
    ['smoothing must be a number above 0, got 0', { smoothing: 0 }, [0, 1]],
    ['inverseRegularization must be a number above 0, got Infinity', { inverseRegularization: Infinity }, [0, 1]],
    ['tolerance must be a number above 0, got NaN', { tolerance: NaN }, [0, 1]],
    ['seed must be an unsigned 32-bit integer, got -1', { seed: -1 }, [0, 1]],
  ])('refuses: %s', (message, changes, wrongLabels) => {
    const fit = (): unknown => fitLinearModel(['a', 'b'], wrongLabels, changes);
    expect(fit).toThrow(LinearError);
    expect(fit).toThrow(message);
  });
});
