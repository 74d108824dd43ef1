import { createRandom, type Random } from '@marquee/dataset';
import { Tensor } from '@marquee/model-core';

import type { PackedSequences } from './packed-sequences.js';

/** What a tokenizer calls the tokens that masking needs. */
export interface MaskingVocabulary {
  readonly size: number;
  readonly maskId: number;
  /** [CLS] and [SEP], which are never to be told. */
  readonly specialIds: readonly number[];
}

export interface MaskingPosition {
  readonly seed: number;
  /** Of the training step, or of the evaluation batch. */
  readonly step: number;
}

export interface MaskedTokens {
  readonly size: { readonly batch: number; readonly seq: number; readonly masked: number };
  /** `input_ids`, `masked_rows` and `labels`, as the masked-language-model graphs take them. */
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** Keeps masking apart from other uses of one seed. */
const MASKING_STREAM = 0x6d61736b;
const MASK_SHARE = 0.8;
const REPLACE_SHARE = 0.1;

/**
 * Chooses the tokens that the model has to tell, anew for each step (dynamic masking: Liu et al. 2019): the share `probability` of each sequence, as many in
 * each. Of these 80 % become [MASK], 10 % any token, 10 % stay (Devlin et al. 2019). A function of seed and step alone.
 */
export function maskTokens(
  sequences: PackedSequences,
  rows: ArrayLike<number>,
  { size, maskId, specialIds }: MaskingVocabulary,
  { probability, seed, step }: MaskingPosition & { readonly probability: number },
): MaskedTokens {
  const random = createRandom(seed, MASKING_STREAM, step);
  const { length: seq } = sequences;
  const masked = Math.max(1, Math.floor(probability * seq));
  const batch = rows.length;
  const ids = new BigInt64Array(batch * seq);
  const maskedRows = new Float32Array(batch * masked * seq);
  const labels = new BigInt64Array(batch * masked);
  for (let place = 0; place < batch; place += 1) {
    const first = (rows[place] ?? 0) * seq;
    const sequence = sequences.ids.subarray(first, first + seq);
    ids.set(BigInt64Array.from(sequence, BigInt), place * seq);
    choosePositions(sequence, specialIds, masked, random).forEach((position, i) => {
      const index = place * masked + i;
      const label = sequence[position] ?? 0;
      labels[index] = BigInt(label);
      maskedRows[index * seq + position] = 1;
      const draw = random.float();
      if (draw < MASK_SHARE) ids[place * seq + position] = BigInt(maskId);
      else if (draw < MASK_SHARE + REPLACE_SHARE)
        ids[place * seq + position] = BigInt(Math.floor(random.float() * size));
    });
  }
  return {
    size: { batch, seq, masked },
    inputs: {
      input_ids: new Tensor('int64', ids, [batch, seq]),
      masked_rows: new Tensor('float32', maskedRows, [batch, masked, seq]),
      labels: new Tensor('int64', labels, [batch, masked]),
    },
  };
}

/** Different positions of the sequence that hold no special token. Since no text is empty, every other token at least is one of a text. */
function choosePositions(
  sequence: Int32Array,
  specialIds: readonly number[],
  count: number,
  random: Random,
): readonly number[] {
  const candidates = Array.from(sequence.keys()).filter((position) => !specialIds.includes(sequence[position] ?? -1));
  for (let i = 0; i < count; i += 1) {
    const other = i + Math.floor(random.float() * (candidates.length - i));
    // Both indexes lie inside: there are at least `count` candidates.
    [candidates[i], candidates[other]] = [candidates[other] as number, candidates[i] as number];
  }
  return candidates.slice(0, count);
}
