import { fileDigest, rowDigest, stratifiedSplit, visitTexts } from '@marquee/dataset';
import type { ReviewTokenizer } from '@marquee/model-core';

/** Texts as token ids, ready to be packed: labels are not looked at. */
export interface TextCorpus {
  /** Each text's ids and a [SEP]. */
  readonly texts: readonly Int32Array[];
  readonly rowDigests: readonly string[];
  readonly sources: readonly { readonly sha256: string; readonly rows: number }[];
}

export interface ReadTextsOptions {
  readonly textColumn: string;
  /** Of each file. */
  readonly maxRows: number | undefined;
}

/** Reads every file whole before anything is trained. The tokenizer must not cut. */
export async function readCorpus(
  files: readonly string[],
  tokenizer: ReviewTokenizer,
  { textColumn, maxRows }: ReadTextsOptions,
): Promise<TextCorpus> {
  const texts: Int32Array[] = [];
  const rowDigests: string[] = [];
  const sources = [];
  for (const file of files) {
    const before = texts.length;
    await visitTexts(file, { textColumn, ...(maxRows === undefined ? {} : { maxRows }) }, (text) => {
      texts.push(tokenizer.encode(text).inputIds.slice(1)); // without [CLS]: it stands once at the start of a sequence
      rowDigests.push(rowDigest(text));
    });
    sources.push({ sha256: await fileDigest(file), rows: texts.length - before });
  }
  return { texts, rowDigests, sources };
}

/** Holds out a part of the texts, chosen by seed; equal texts stay on one side. */
export function splitCorpus(
  corpus: TextCorpus,
  fraction: number,
  seed: number,
): { rest: TextCorpus; part: TextCorpus } {
  const split = stratifiedSplit(new Uint8Array(corpus.texts.length), fraction, seed, corpus.rowDigests);
  const pick = (rows: readonly number[]): TextCorpus => ({
    texts: rows.map((row) => corpus.texts[row] as Int32Array), // rows are indexes of the corpus
    rowDigests: rows.map((row) => corpus.rowDigests[row] as string),
    sources: corpus.sources,
  });
  return { rest: pick(split.rest), part: pick(split.part) };
}

export const tokenCount = ({ texts }: TextCorpus): number => texts.reduce((sum, { length }) => sum + length, 0);
