import { fileDigest, rowDigest, stratifiedSplit, visitTexts } from '@marquee/dataset';

import { sequencesOf } from './token-table.js';
import { type Tokenization, tokenizeFile } from './tokenize.js';

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

/** Reads, checks and tokenizes every file before anything is trained. The tokenizer must not cut. */
export async function readCorpus(
  files: readonly string[],
  tokenization: Tokenization,
  { textColumn, maxRows }: ReadTextsOptions,
): Promise<TextCorpus> {
  const texts: Int32Array[] = [];
  const rowDigests: string[] = [];
  const sources = [];
  for (const file of files) {
    const ids = sequencesOf(await tokenizeFile({ file, textColumn, maxRows }, tokenization));
    for (const sequence of ids) texts.push(sequence.subarray(1)); // without [CLS], which stands once at the start of a packed sequence
    const limit = maxRows === undefined ? {} : { maxRows };
    await visitTexts(file, { textColumn, ...limit }, (text) => rowDigests.push(rowDigest(text)));
    sources.push({ sha256: await fileDigest(file), rows: ids.length });
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
