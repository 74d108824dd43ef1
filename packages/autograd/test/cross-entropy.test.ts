import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { crossEntropy, gradients, totalWeight } from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { fed } from './support/fed-input.js';
import { run, valueOf } from './support/run-graph.js';

/** What `oracles/cross_entropy.py` recorded from PyTorch in float64. */
const oracle = JSON.parse(readFileSync(new URL('oracles/cross_entropy.json', import.meta.url), 'utf8')) as {
  logits: number[][];
  labels: number[];
  cases: { labelSmoothing: number; classWeights: number[] | null; loss: number; gradient: number[] }[];
};
const rows = oracle.labels.length;
const logits = fed('logits', [rows, 3], oracle.logits.flat(), { shape: ['rows', 3] });
const labels = fed('labels', [rows], oracle.labels, { dtype: 'int64', shape: ['rows'] });

describe("cross-entropy beside PyTorch's", () => {
  const title = ({ labelSmoothing, classWeights }: (typeof oracle.cases)[number]): string =>
    `with smoothing ${labelSmoothing} and ${classWeights ? `weights ${classWeights.join(', ')}` : 'no weights'}`;
  it.each(oracle.cases.map((recorded) => [title(recorded), recorded] as const))(
    '%s has the recorded loss and gradient',
    async (_, { labelSmoothing, classWeights, loss, gradient }) => {
      const value = crossEntropy(logits.tensor, labels.tensor, labelSmoothing, classWeights ?? undefined);
      const [slope] = gradients(value, [logits.tensor]);
      const outputs = await run([logits, labels], { loss: value, gradient: slope ?? value });
      expectClose(outputs['loss'] ?? [], [loss], { tolerance: 1e-6, label: 'loss' });
      expectClose(outputs['gradient'] ?? [], gradient, { tolerance: 1e-6, label: 'gradient' });
    },
  );

  it('divides by the weights of the labels, or by their number', async () => {
    expect(await valueOf([labels], totalWeight(labels.tensor, [0.5, 2, 1.25]))).toEqual([0.5 + 1.25 + 2 + 1.25 + 2]);
    expect(await valueOf([labels], totalWeight(labels.tensor))).toEqual([5]);
  });
});
