import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { packSequences, sequenceCount, shuffleTexts } from '../src/packed-sequences.js';
import { planPretraining } from '../src/pretraining-plan.js';
import type { TextCorpus } from '../src/text-corpus.js';
import { maskTokens } from '../src/token-masking.js';

const [CLS, SEP, MASK] = [1, 2, 3];
const vocabulary = { size: 100, maskId: MASK, specialIds: [CLS, SEP] };

/** Texts of one token or more, each with its [SEP]. */
const corpusOf = (texts: readonly (readonly number[])[]): TextCorpus => ({
  texts: texts.map((ids) => Int32Array.from([...ids, SEP])),
  rowDigests: texts.map((_, row) => String(row)),
  sources: [],
});
const texts = fc.array(fc.array(fc.integer({ min: 4, max: 99 }), { minLength: 1, maxLength: 20 }), { minLength: 9 });

describe('packed sequences', () => {
  test('hold every text in its order, a [CLS] at the start of each sequence and a [SEP] after each text', () => {
    const corpus = corpusOf([[10, 11, 12], [20], [30, 31]]);
    expect([...packSequences(corpus, { length: 4, clsId: CLS }).ids]).toEqual([
      CLS,
      10,
      11,
      12,
      CLS,
      SEP,
      20,
      SEP,
      CLS,
      30,
      31,
      SEP,
    ]);
  });

  test('lose only what fills no sequence', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 9 }), (given, length) => {
        const corpus = corpusOf(given);
        const { count, ids } = packSequences(corpus, { length, clsId: CLS });
        const stream = corpus.texts.flatMap((text) => [...text]);
        expect(count).toBe(sequenceCount(corpus, length));
        expect([...ids].filter((_, i) => i % length > 0)).toEqual(stream.slice(0, count * (length - 1)));
        expect([...ids].every((id, i) => i % length > 0 || id === CLS)).toBe(true);
      }),
    );
  });

  test('stand in an order that seed and epoch decide', () => {
    const corpus = corpusOf(Array.from({ length: 30 }, (_, i) => [10 + i]));
    const order = (seed: number, epoch: number) => shuffleTexts(corpus, seed, epoch).texts.map(([first]) => first);
    expect(order(7, 1)).toEqual(order(7, 1));
    expect(order(7, 1)).not.toEqual(order(7, 0));
    expect(order(7, 1)).not.toEqual(order(8, 1));
    expect(order(7, 1).sort()).toEqual(order(7, 0).sort());
  });
});

describe('token masking', () => {
  const corpus = corpusOf(Array.from({ length: 4000 }, (_, i) => [10 + (i % 80), 11 + (i % 80), 12 + (i % 80)]));
  const sequences = packSequences(corpus, { length: 64, clsId: CLS });
  const rows = Array.from({ length: sequences.count }, (_, row) => row);
  const mask = (step: number) => maskTokens(sequences, rows, vocabulary, { probability: 0.15, seed: 5, step });
  const valuesOf = (name: string, { inputs } = mask(0)): number[] =>
    Array.from(inputs[name]?.data as BigInt64Array, Number);

  test('chooses as many tokens of each sequence, none of them special, and names what stood there', () => {
    const { inputs, size } = mask(0);
    expect(size).toEqual({ batch: sequences.count, seq: 64, masked: 9 }); // 0.15 · 64
    const [selected, labels] = [valuesOf('masked_rows'), valuesOf('labels')];
    expect(inputs['masked_rows']?.dims).toEqual([sequences.count, 9, 64]);
    labels.forEach((label, index) => {
      const row = selected.slice(index * 64, (index + 1) * 64);
      expect(row.reduce((sum, value) => sum + value, 0)).toBe(1);
      expect(label).toBe(sequences.ids[Math.floor(index / 9) * 64 + row.indexOf(1)]);
    });
    expect(labels.filter((label) => vocabulary.specialIds.includes(label))).toEqual([]);
  });

  test('leaves all other tokens as they are', () => {
    const [ids, selected] = [valuesOf('input_ids'), valuesOf('masked_rows')];
    const isChosen = ids.map((_, i) =>
      Array.from({ length: 9 }, (_row, k) => selected[(Math.floor(i / 64) * 9 + k) * 64 + (i % 64)]).includes(1),
    );
    expect(ids.filter((_, i) => !isChosen[i])).toEqual([...sequences.ids].filter((_, i) => !isChosen[i]));
  });

  test('makes 80 % of the chosen [MASK], 10 % any token, and keeps 10 %', () => {
    const [ids, labels] = [valuesOf('input_ids'), valuesOf('labels')];
    const masked = ids.filter((id) => id === MASK).length / labels.length;
    const changed = ids.filter((id, i) => id !== MASK && id !== sequences.ids[i]).length / labels.length;
    // 2,286 draws: the standard error of a share of 0.8 is 0.008, that of 0.1 is 0.006. Few of the random tokens are [MASK] or the token itself.
    expect(Math.abs(masked - 0.8)).toBeLessThan(0.035);
    expect(Math.abs(changed - 0.1)).toBeLessThan(0.025);
  });

  test('is a function of seed and step', () => {
    expect(valuesOf('input_ids', mask(3))).toEqual(valuesOf('input_ids', mask(3)));
    expect(valuesOf('input_ids', mask(3))).not.toEqual(valuesOf('input_ids', mask(4)));
  });

  test('finds enough tokens in sequences of texts of one token', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 64 }),
        fc.double({ min: 0.01, max: 0.499, noNaN: true }),
        (length, probability) => {
          const short = packSequences(corpusOf(Array.from({ length: 200 }, () => [9])), { length, clsId: CLS });
          const all = Array.from({ length: short.count }, (_, row) => row);
          const { inputs } = maskTokens(short, all, vocabulary, { probability, seed: 1, step: 0 });
          expect(new Set(inputs['labels']?.data as BigInt64Array)).toEqual(new Set([9n]));
        },
      ),
    );
  });
});

describe('the plan of a pretraining', () => {
  const options = { maxSeqLength: 10, perDeviceTrainBatchSize: 4, numTrainEpochs: 2, maxTrainTokens: undefined };

  test('passes over the sequences as often as there are epochs, the last batch of each being smaller', () => {
    const plan = planPretraining(10, options);
    expect([plan.stepsPerEpoch, plan.totalSteps]).toEqual([3, 6]);
    expect(plan.rowsOf(2)).toEqual([8, 9]);
    expect(plan.rowsOf(3)).toEqual([0, 1, 2, 3]);
    expect([2, 3].map((step) => plan.epochOf(step))).toEqual([0, 1]);
  });

  test('ends with the first step that reaches --max-train-tokens, in whatever epoch', () => {
    const stepsFor = (maxTrainTokens: number) => planPretraining(10, { ...options, maxTrainTokens }).totalSteps;
    expect([1, 40, 41, 80, 81, 100, 101, 1001].map(stepsFor)).toEqual([1, 1, 2, 2, 3, 3, 4, 31]);
  });
});
