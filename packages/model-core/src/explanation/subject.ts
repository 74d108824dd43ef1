import { type LinearModel, scoreWords, splitWords } from '@marquee/linear';

import type { Engine } from '../engine/engine.js';
import type { LinearPlanner } from '../planner/linear-planner.js';
import type { Stage } from '../planner/review-plan.js';
import type { TransformerPlanner } from '../planner/transformer-planner.js';
import { truncateIds } from '../truncation.js';
import type { Meter } from './meter.js';
import { alignWords, type ReviewWord } from './review-words.js';

/** A model as a weighted sum of what its members say: log-odds = bias + Σ factor · logit. */
export interface ExplainedModel {
  readonly bias: number;
  readonly members: readonly ExplainedMember[];
}

export interface ExplainedMember {
  readonly name: string;
  readonly planner: TransformerPlanner | LinearPlanner;
  /** Its weight over the temperatures. */
  readonly factor: number;
}

/** [CLS] and [SEP]: they belong to no word, and no baseline is without them. */
export const NO_WORD = -1;

export interface TransformerPart {
  readonly kind: 'transformer';
  readonly member: string;
  readonly factor: number;
  readonly inputIds: Int32Array;
  /** Place of each token's word, or `NO_WORD`. */
  readonly wordOf: Int32Array;
}

export interface LinearPart {
  readonly kind: 'linear';
  readonly factor: number;
  readonly model: LinearModel;
  readonly words: readonly string[];
  /** Place of the review's word that each of them stands in. */
  readonly wordOf: Int32Array;
}

/** A review as the members of a model read it. */
export interface Subject {
  readonly words: readonly ReviewWord[];
  readonly bias: number;
  readonly parts: readonly (TransformerPart | LinearPart)[];
}

export function readSubject(model: ExplainedModel, text: string): Subject {
  const { words, pieces } = alignWords(
    text,
    model.members.map(({ planner }) => ('model' in planner ? splitWords : (part) => planner.tokenizer.tokenize(part))),
  );
  const parts = model.members.map(({ name, planner, factor }, index) => {
    const ofWords = pieces[index] ?? [];
    const wordOf = ofWords.flatMap((list, word) => list.map(() => word));
    if ('model' in planner) {
      const read = ofWords.flat() as string[]; // what splitWords gives
      return { kind: 'linear' as const, factor, model: planner.model, words: read, wordOf: Int32Array.from(wordOf) };
    }
    const { maxLength, truncation } = planner.tokenizer;
    const { inputIds } = planner.tokenizer.encode(text);
    const kept = truncateIds(wordOf, maxLength - 2, truncation);
    const places = Int32Array.of(NO_WORD, ...kept, NO_WORD);
    return { kind: 'transformer' as const, member: name, factor, inputIds, wordOf: places };
  });
  return { words, bias: model.bias, parts };
}

/** The log-odds of a review of which only some words are left: [words], 1 where kept. */
export type ValueOf = (kept: Uint8Array) => Promise<number>;

/**
 * Runs what serves on part of a review. A word is taken out as if it had not been written: its tokens leave those that the transformer read, and no other token takes
 * their place where the review was cut.
 */
export function createValueOf({ bias, parts }: Subject, engine: Engine, meter: Meter): ValueOf {
  const hasTransformer = parts.some(({ kind }) => kind === 'transformer');
  return async (kept) => {
    const isKept = (word: number): boolean => word === NO_WORD || kept[word] === 1;
    let value = bias;
    for (const part of parts) {
      if (part.kind === 'linear') {
        const words = part.words.filter((_, i) => isKept(part.wordOf[i]!)); // as many as words
        value += part.factor * scoreWords(part.model, words);
        if (!hasTransformer) meter.count(words.length);
      } else {
        const inputIds = part.inputIds.filter((_, i) => isKept(part.wordOf[i]!)); // as many as ids
        const [negative = NaN, positive = NaN] = await engine.run({ member: part.member, inputIds });
        value += part.factor * (positive - negative);
        meter.count(inputIds.length);
      }
    }
    return value;
  };
}

/** What answers at a stage: of a cascade that is sure, its linear member alone. */
export function modelAt(model: ExplainedModel, linear: LinearPlanner | undefined, stage: Stage | undefined) {
  if (stage !== 'linear' || !linear) return model;
  return { bias: 0, members: [{ name: '', planner: linear, factor: 1 / linear.info.temperature }] };
}
