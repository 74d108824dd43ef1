import type { Review } from '@marquee/dataset';
import { type ReviewTokenizer, Tensor } from '@marquee/model-core';

/** Reviews as token ids, ready to be batched. */
export interface EncodedReviews {
  readonly inputIds: readonly Int32Array[];
  readonly labels: Uint8Array;
  readonly lengths: Uint32Array;
  /** 1 where the review was longer than the limit. */
  readonly truncated: Uint8Array;
}

export function encodeReviews(reviews: readonly Review[], tokenizer: ReviewTokenizer): EncodedReviews {
  const encoded = reviews.map(({ text }) => tokenizer.encode(text));
  return {
    inputIds: encoded.map(({ inputIds }) => inputIds),
    labels: Uint8Array.from(reviews, ({ label }) => label),
    lengths: Uint32Array.from(encoded, ({ inputIds }) => inputIds.length),
    truncated: Uint8Array.from(encoded, ({ truncated }) => Number(truncated)),
  };
}

export interface BatchTensors {
  readonly size: { readonly batch: number; readonly seq: number };
  /** Tokens that are not padding. */
  readonly tokens: number;
  /** `input_ids` and `attention_mask`, int64 [batch, seq]. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** int64 [batch]. */
  readonly labels: Tensor;
}

/** Of the given rows, padded to the longest of them. */
export const batchSize = ({ lengths }: EncodedReviews, rows: ArrayLike<number>): BatchTensors['size'] => ({
  batch: rows.length,
  seq: Array.from(rows).reduce((longest, row) => Math.max(longest, lengths[row] ?? 0), 0),
});

/** Pads the given rows to the longest of them. */
export function batchTensors(reviews: EncodedReviews, rows: ArrayLike<number>, padId: number): BatchTensors {
  const chosen = Array.from(rows);
  const { batch, seq } = batchSize(reviews, rows);
  const dims = [chosen.length, seq];
  const ids = new BigInt64Array(chosen.length * seq).fill(BigInt(padId));
  const mask = new BigInt64Array(chosen.length * seq);
  let tokens = 0;
  chosen.forEach((row, place) => {
    const sequence = reviews.inputIds[row] ?? new Int32Array(0);
    ids.set(BigInt64Array.from(sequence, BigInt), place * seq);
    mask.fill(1n, place * seq, place * seq + sequence.length);
    tokens += sequence.length;
  });
  const labels = BigInt64Array.from(chosen, (row) => BigInt(reviews.labels[row] ?? 0));
  return {
    size: { batch, seq },
    tokens,
    inputs: { input_ids: new Tensor('int64', ids, dims), attention_mask: new Tensor('int64', mask, dims) },
    labels: new Tensor('int64', labels, [chosen.length]),
  };
}
