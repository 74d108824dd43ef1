import { fileDigest, findDuplicates, rowDigest, stratifiedSplit, visitTexts } from '@marquee/dataset';

import type { DataSource } from './read-data.js';
import { digestOfRows } from './rows-digest.js';
import { takeRows } from './take-rows.js';
import { sequencesOf } from './token-table.js';
import { type Tokenization, tokenizeFile } from './tokenize.js';

/** Texts as token ids, ready to be packed: labels are not looked at. */
export interface TextCorpus {
  /** Each text's ids and a [SEP]. */
  readonly texts: readonly Int32Array[];
  readonly rowDigests: readonly string[];
  /** The files, in the order of their texts, and how many of these are each one's. */
  readonly sources: readonly DataSource[];
}

export interface ReadTextsOptions {
  readonly textColumn: string;
  /** Of each file. */
  readonly maxRows: number | undefined;
}

/** Reads, checks and tokenizes every file before anything is trained, and shows each text. The tokenizer must not cut. */
export async function readCorpus(
  files: readonly string[],
  tokenization: Tokenization,
  { textColumn, maxRows }: ReadTextsOptions,
  visit: (text: string) => void = () => undefined,
): Promise<TextCorpus> {
  const texts: Int32Array[] = [];
  const rowDigests: string[] = [];
  const sources: DataSource[] = [];
  for (const file of files) {
    const ids = sequencesOf(await tokenizeFile({ file, textColumn, maxRows }, tokenization));
    for (const sequence of ids) texts.push(sequence.subarray(1)); // without [CLS], which stands once at the start of a packed sequence
    const limit = maxRows === undefined ? {} : { maxRows };
    await visitTexts(file, { textColumn, ...limit }, (text) => {
      rowDigests.push(rowDigest(text));
      visit(text);
    });
    sources.push({ sha256: await fileDigest(file), rows: ids.length });
  }
  return { texts, rowDigests, sources };
}

/** Reads texts as `readCorpus` does and holds out a part of them, chosen by seed; equal and nearly equal texts stay on one side. */
export async function readDividedCorpus(
  files: readonly string[],
  tokenization: Tokenization,
  options: ReadTextsOptions & { readonly fraction: number; readonly seed: number },
): Promise<{ rest: TextCorpus; part: TextCorpus }> {
  const { fraction, seed } = options;
  const texts: string[] = [];
  const corpus = await readCorpus(files, tokenization, options, (text) => texts.push(text));
  const { near } = findDuplicates(texts, corpus.rowDigests);
  const split = stratifiedSplit(new Uint8Array(texts.length), fraction, seed, near);
  return { rest: pick(corpus, split.rest), part: pick(corpus, split.part) };
}

/** A part of a corpus; the rows are indexes of it, ascending. */
function pick({ texts, rowDigests, sources }: TextCorpus, rows: readonly number[]): TextCorpus {
  let end = 0;
  return {
    texts: takeRows(texts, rows),
    rowDigests: takeRows(rowDigests, rows),
    sources: sources.map(({ sha256, rows: count }) => {
      const start = end;
      end += count;
      const own = rows.filter((row) => row >= start && row < start + count);
      return { sha256, rows: own.length, rowsSha256: digestOfRows(takeRows(rowDigests, own)) };
    }),
  };
}

export const tokenCount = ({ texts }: TextCorpus): number => texts.reduce((sum, { length }) => sum + length, 0);
