import { readFileSync } from 'node:fs';

import { gradients, input } from '@marquee/autograd';
import { Tensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import { gradientOf, gradientStep, NO_LABEL } from '../src/index.js';
import { distillationLoss } from '../src/distillation-loss.js';
import { config, int64Vector, oracle as tiny, parameters, relativeError, run, tokens, valuesOf } from './support.js';

/** What `oracles/distillation.py` recorded from PyTorch. */
const oracle = JSON.parse(readFileSync(new URL('oracles/distillation.json', import.meta.url), 'utf8')) as {
  student: number[][];
  teacher: number[][];
  labels: number[];
  cases: { temperature: number; alpha: number; loss: number; gradient: number[] }[];
};

const float32 = (rows: number[][]): Tensor => new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, 2]);
const toLabel = (label: number): number => (label < 0 ? NO_LABEL : label);

describe('the loss of distillation', () => {
  const shape = [oracle.labels.length, 2];
  const feeds = {
    student: float32(oracle.student),
    teacher: float32(oracle.teacher),
    labels: int64Vector(oracle.labels.map(toLabel)),
  };

  it.each(oracle.cases)(
    'gives the recorded loss and gradient at temperature $temperature, alpha $alpha',
    async (recorded) => {
      const [student, teacher] = [input('student', 'float32', shape), input('teacher', 'float32', shape)];
      const labels = input('labels', 'int64', [oracle.labels.length]);
      const loss = distillationLoss(student, labels, teacher, recorded);
      const [gradient] = gradients(loss, [student]);
      if (!gradient) throw new Error('one gradient a target');
      const outputs = await run(
        { name: 'distillation', inputs: [student, teacher, labels], outputs: { loss, gradient } },
        feeds,
      );
      expect(Math.abs((valuesOf(outputs['loss'])[0] ?? NaN) / recorded.loss - 1)).toBeLessThan(1e-6);
      expect(relativeError(valuesOf(outputs['gradient']), recorded.gradient)).toBeLessThan(1e-6);
    },
  );
});

describe('a step of distillation', () => {
  const teachers = { teacher_logits: float32([[1, -1], [-2, 1], [0, 3]]) }; // prettier-ignore
  const lossOptions = { labelSmoothing: 0, padded: true };
  const stepWith = (alpha: number, labels: number[], temperature = 2) => {
    const graph = gradientStep(config, { ...lossOptions, distillation: { temperature, alpha } });
    return run(graph, { ...parameters, ...tokens, ...teachers, labels: int64Vector(labels) });
  };

  it('learns from labels alone at alpha 1', async () => {
    const plain = await run(gradientStep(config, lossOptions), {
      ...parameters,
      ...tokens,
      labels: int64Vector(tiny.batch.labels),
    });
    const distilled = await stepWith(1, tiny.batch.labels);
    for (const name of [
      'loss',
      gradientOf('classifier.weight'),
      gradientOf('distilbert.embeddings.word_embeddings.weight'),
    ])
      expect(relativeError(valuesOf(distilled[name]), valuesOf(plain[name])), name).toBeLessThan(1e-6);
  });

  it('weighs no class, in no slice of a batch', async () => {
    const options = { ...lossOptions, tokensPerSlice: 1, distillation: { temperature: 2, alpha: 0.5 } };
    const feeds = { ...parameters, ...tokens, ...teachers, labels: int64Vector([0, 1, NO_LABEL]) };
    const plain = await run(gradientStep(config, options), feeds);
    const weighted = await run(gradientStep(config, { ...options, classWeights: [1, 5] }), feeds);
    expect(valuesOf(weighted['loss'])).toEqual(valuesOf(plain['loss']));
  });

  it('does not look at labels at alpha 0', async () => {
    const [first, second] = [await stepWith(0, [0, 0, 0]), await stepWith(0, [1, NO_LABEL, 1])];
    expect(valuesOf(first['loss'])).toEqual(valuesOf(second['loss']));
    expect(valuesOf(first['loss'])[0]).toBeGreaterThan(0.01);
  });

  it('has nothing to learn from a teacher that answers as it does', async () => {
    const { logits } = await stepWith(0, [0, 0, 0]);
    const graph = gradientStep(config, { ...lossOptions, distillation: { temperature: 2, alpha: 0 } });
    const feeds = { ...parameters, ...tokens, teacher_logits: logits as Tensor, labels: int64Vector([0, 0, 0]) };
    const outputs = await run(graph, feeds);
    expect(Math.abs(valuesOf(outputs['loss'])[0] ?? NaN)).toBeLessThan(1e-7);
    expect(Math.max(...valuesOf(outputs[gradientOf('classifier.weight')]).map(Math.abs))).toBeLessThan(1e-6);
  });
});
