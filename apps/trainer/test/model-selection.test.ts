import { describe, expect, test } from 'vitest';

import { type Evaluation, selectModel, type SelectionRule } from '../src/model-selection.js';

const ON_F1: SelectionRule = { metric: 'f1', patience: 2, threshold: 0, takesBest: true };
const evaluations = (name: 'eval_f1' | 'eval_loss', values: readonly number[]): Evaluation[] =>
  values.map((value, index) => ({ step: 10 * (index + 1), epoch: index, [name]: value }));
const select = (values: readonly number[], changes: Partial<SelectionRule> = {}) => {
  const rule = { ...ON_F1, ...changes };
  const { best, isOver } = selectModel(evaluations(rule.metric === 'loss' ? 'eval_loss' : 'eval_f1', values), rule);
  return { best: best?.step, isOver };
};

describe('the best model', () => {
  test('is unknown before the first evaluation', () => {
    expect(select([])).toEqual({ best: undefined, isOver: false });
  });

  test('has the greatest F1, or the lowest loss', () => {
    expect(select([0.7, 0.9, 0.8]).best).toBe(20);
    expect(select([0.7, 0.9, 0.8], { metric: 'loss' }).best).toBe(10);
  });

  test('is the first of equals', () => {
    expect(select([0.8, 0.9, 0.9]).best).toBe(20);
  });
});

describe('patience', () => {
  test('runs out after as many evaluations in a row without improvement', () => {
    expect(select([0.9, 0.8]).isOver).toBe(false);
    expect(select([0.9, 0.8, 0.85]).isOver).toBe(true);
    expect(select([0.9, 0.8, 0.91, 0.9]).isOver).toBe(false);
    expect(select([0.9, 0.8, 0.91, 0.9, 0.91]).isOver).toBe(true);
    expect(select([0.9, 0.8], { patience: 1 }).isOver).toBe(true);
  });

  test('of 0 never runs out', () => {
    expect(select([0.9, 0.8, 0.7, 0.6, 0.5], { patience: 0 }).isOver).toBe(false);
  });

  test('is spent by a gain within the threshold, which makes a best model all the same', () => {
    expect(select([0.9, 0.905, 0.909], { threshold: 0.01 })).toEqual({ best: 30, isOver: true });
    expect(select([0.9, 0.905, 0.92], { threshold: 0.01 })).toEqual({ best: 30, isOver: false });
    expect(select([0.5, 0.495, 0.492], { metric: 'loss', threshold: 0.01 })).toEqual({ best: 30, isOver: true });
  });
});
