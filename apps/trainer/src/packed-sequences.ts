import { createRandom } from '@marquee/dataset';

import { tokenCount, type TextCorpus } from './text-corpus.js';

/** Sequences of one length without padding: [CLS], then texts one after the other, a [SEP] after each, cut wherever a sequence is full. */
export interface PackedSequences {
  readonly count: number;
  readonly length: number;
  /** [count · length] ids. */
  readonly ids: Int32Array;
}

/** Sequences that a corpus fills; tokens at its end that fill none are left out. */
export const sequenceCount = (corpus: TextCorpus, length: number): number =>
  Math.floor(tokenCount(corpus) / (length - 1));

export interface PackingOptions {
  /** [CLS] included. */
  readonly length: number;
  readonly clsId: number;
}

/** Packs the texts in their order. */
export function packSequences(corpus: TextCorpus, { length, clsId }: PackingOptions): PackedSequences {
  const count = sequenceCount(corpus, length);
  const ids = new Int32Array(count * length).fill(clsId);
  let to = 1;
  for (const text of corpus.texts) {
    for (let from = 0; from < text.length && to < ids.length;) {
      const room = length - (to % length);
      const piece = text.subarray(from, from + room);
      ids.set(piece, to);
      from += piece.length;
      to += piece.length;
      if (to % length === 0) to += 1; // [CLS] of the next sequence
    }
  }
  return { count, length, ids };
}

/** Keeps the order of texts apart from other uses of one seed. */
const ORDER_STREAM = 0x7061636b;

/** The texts in the order of an epoch, a function of seed and epoch alone. */
export function shuffleTexts(corpus: TextCorpus, seed: number, epoch: number): TextCorpus {
  return { ...corpus, texts: createRandom(seed, ORDER_STREAM, epoch).shuffle([...corpus.texts]) };
}
