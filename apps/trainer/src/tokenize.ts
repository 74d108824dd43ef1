import { fileDigest, visitTexts } from '@marquee/dataset';
import { createTokenizer, type JsonObject, type ReviewTokenizer, type TokenizerOptions } from '@marquee/model-core';

import type { Progress } from './progress.js';
import { openTokenCache, type TokenCacheKey, tokenizerDigest } from './token-cache.js';
import { createTokenTableBuilder, type TokenTable } from './token-table.js';
import { TrainerError } from './trainer-error.js';

/** A tokenizer, and where its ids are kept between runs. */
export interface Tokenization {
  readonly tokenizer: ReviewTokenizer;
  /** See `tokenizerDigest`. */
  readonly tokenizerSha256: string;
  /** Folder of the token cache; undefined for none. */
  readonly tokenCacheDir: string | undefined;
  readonly progress: Pick<Progress, 'say'> & Partial<Pick<Progress, 'count' | 'done'>>;
}

type Tokenizing = Pick<Tokenization, 'tokenCacheDir' | 'progress'> & {
  /** As `createTokenizerJson` makes it. */
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject;
  readonly limits: TokenizerOptions;
};

/** A model's tokenizer with these limits, and its ids under the digest of its files. */
export const createTokenization = ({ tokenizerJson, tokenizerConfig, limits, ...rest }: Tokenizing): Tokenization => ({
  tokenizer: createTokenizer(tokenizerJson, tokenizerConfig, limits),
  tokenizerSha256: tokenizerDigest(tokenizerJson, tokenizerConfig),
  ...rest,
});

/** The texts of a file that are meant. */
export interface TextSource {
  readonly file: string;
  readonly textColumn: string;
  /** The first so many; undefined for all. */
  readonly maxRows: number | undefined;
}

/**
 * Tokenizes the texts of a CSV or JSONL file, labeled or not, and keeps none: they come from the cache, or are read, checked and encoded one by one.
 * Throws as `visitTexts` does.
 */
export async function tokenizeFile(source: TextSource, tokenization: Tokenization): Promise<TokenTable> {
  const { file, textColumn, maxRows } = source;
  const limit = maxRows === undefined ? {} : { maxRows };
  return throughCache({ ...source, sha256: await fileDigest(file) }, tokenization, async () => {
    const table = createTokenTableBuilder();
    await visitTexts(file, { textColumn, ...limit }, (text) => table.add(tokenization.tokenizer.encode(text)));
    return table.build();
  });
}

/** Tokenizes texts that were read already, all those of the source. */
export async function tokenizeTexts(
  source: TextSource & { readonly sha256: string; readonly texts: readonly string[] },
  tokenization: Tokenization,
): Promise<TokenTable> {
  const { texts } = source;
  const found = await throughCache(source, tokenization, () => encodeAll(texts, tokenization));
  // The digest in the key makes this impossible, unless the file was changed between the reading and the digest.
  return found.lengths.length === texts.length ? found : encodeAll(texts, tokenization);
}

/** Texts between two counts. */
const COUNTED_TEXTS = 500;

function encodeAll(texts: readonly string[], { tokenizer, progress }: Tokenization): TokenTable {
  const table = createTokenTableBuilder();
  const start = performance.now();
  texts.forEach((text, row) => {
    table.add(tokenizer.encode(text));
    const done = row + 1;
    if (done % COUNTED_TEXTS > 0) return;
    const secondsLeft = ((performance.now() - start) / 1000 / done) * (texts.length - done);
    progress.count?.({ done, total: texts.length, unit: 'reviews tokenized', secondsLeft });
  });
  progress.done?.();
  return table.build();
}

async function throughCache(
  { textColumn, maxRows, sha256 }: TextSource & { readonly sha256: string },
  { tokenizer, tokenizerSha256, tokenCacheDir, progress }: Tokenization,
  make: () => TokenTable | Promise<TokenTable>,
): Promise<TokenTable> {
  if (tokenCacheDir === undefined) return make();
  const cache = openTokenCache(tokenCacheDir);
  const { maxLength, truncation } = tokenizer;
  const key: TokenCacheKey = { fileSha256: sha256, textColumn, maxRows: maxRows ?? null, tokenizerSha256, maxLength, truncation }; // prettier-ignore
  const found = await cache.read(key);
  if (found) return found;
  const made = await make();
  try {
    await cache.write(key, made);
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    progress.say(`token ids are not cached: ${error.message}`);
  }
  return made;
}
