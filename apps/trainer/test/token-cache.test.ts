import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { fileDigest } from '@marquee/dataset';
import { createTokenizer, createTokenizerJson, type JsonObject, type ReviewTokenizer } from '@marquee/model-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { openTokenCache, type TokenCacheKey, tokenizerDigest } from '../src/token-cache.js';
import { createTokenTableBuilder, sequencesOf, type TokenTable } from '../src/token-table.js';
import { type TextSource, type Tokenization, tokenizeFile, tokenizeTexts } from '../src/tokenize.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';

const KEY: TokenCacheKey = {
  fileSha256: 'f'.repeat(64),
  textColumn: 'review',
  maxRows: null,
  tokenizerSha256: 'a'.repeat(64),
  maxLength: 24,
  truncation: 'head+tail',
};
const TABLE: TokenTable = {
  ids: Int32Array.of(2, 7, 3, 2, 3),
  lengths: Uint32Array.of(3, 2),
  tokenCounts: Uint32Array.of(30, 2),
};

let dir: string;
beforeEach(async () => {
  dir = join(await temporaryFolder(), 'tokens');
});

const onlyFile = async (): Promise<string> => {
  const [name = '', ...more] = await readdir(dir);
  expect(more).toEqual([]);
  return join(dir, name);
};

describe('the token cache', () => {
  test('gives back what was written, and nothing for a key that differs in any part', async () => {
    const cache = openTokenCache(dir);
    expect(await cache.read(KEY)).toBeUndefined();
    await cache.write(KEY, TABLE);
    expect(await cache.read(KEY)).toEqual(TABLE);
    const others: Partial<TokenCacheKey>[] = [
      { fileSha256: 'e'.repeat(64) },
      { textColumn: 'text' },
      { maxRows: 2 },
      { tokenizerSha256: 'b'.repeat(64) },
      { maxLength: 25 },
      { truncation: 'head' },
    ];
    for (const other of others) expect(await cache.read({ ...KEY, ...other })).toBeUndefined();
  });

  test('believes no byte of a file that is not as it was written', async () => {
    const cache = openTokenCache(dir);
    await cache.write(KEY, TABLE);
    const path = await onlyFile();
    const whole = await readFile(path);
    for (let byte = 0; byte < whole.length; byte++) {
      const damaged = Buffer.from(whole);
      damaged[byte] = (whole[byte] ?? 0) ^ 1;
      await writeFile(path, damaged);
      const found = await cache.read(KEY);
      // A flipped bit of the header's padding or of a JSON escape may change nothing; it never changes the ids.
      if (found) expect(found).toEqual(TABLE);
    }
    for (const bytes of [
      whole.subarray(0, -1),
      whole.subarray(0, 20),
      Buffer.alloc(0),
      Buffer.concat([whole, whole]),
    ]) {
      await writeFile(path, bytes);
      expect(await cache.read(KEY)).toBeUndefined();
    }
  });

  test('takes no table of another key that lies under the name of this one', async () => {
    const cache = openTokenCache(dir);
    await cache.write(KEY, TABLE);
    const path = await onlyFile();
    await cache.write({ ...KEY, maxLength: 25 }, { ...TABLE, tokenCounts: Uint32Array.of(9, 9) });
    const other = (await readdir(dir)).map((name) => join(dir, name)).find((name) => name !== path);
    await writeFile(path, await readFile(other ?? ''));
    expect(await cache.read(KEY)).toBeUndefined();
  });

  test('keeps the tables used last within its size', async () => {
    const cache = openTokenCache(dir, { maxBytes: 2000 });
    const keys = [1, 2, 3, 4, 5].map((maxLength) => ({ ...KEY, maxLength }));
    for (const [index, key] of keys.entries()) {
      await cache.write(key, TABLE);
      const names = await readdir(dir);
      const times = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })));
      const newest = times.sort((a, b) => b.at - a.at)[0]?.name ?? '';
      await utimes(join(dir, newest), 1000 + index, 1000 + index);
    }
    const present = await Promise.all(keys.map(async (key) => (await cache.read(key)) !== undefined));
    expect(present.at(-1)).toBe(true);
    expect(present.at(0)).toBe(false);
  });
});

describe('a token table', () => {
  test('holds the ids of many texts as they were added', () => {
    const builder = createTokenTableBuilder();
    const sequences = Array.from({ length: 3000 }, (_, row) =>
      Int32Array.from({ length: row % 97 }, (_x, i) => row + i),
    );
    for (const inputIds of sequences) builder.add({ inputIds, tokenCount: inputIds.length + 1, truncated: true });
    const table = builder.build();
    expect(sequencesOf(table)).toEqual(sequences);
    expect(table.tokenCounts[96]).toBe(97);
    expect(table.ids.buffer.byteLength).toBe(4 * table.ids.length);
  });
});

describe('tokenizing a file', () => {
  let file: string;
  let tokenizer: ReviewTokenizer;
  let encoded: string[];
  const rows = tinyRows(12);
  const said: string[] = [];

  beforeAll(async () => {
    const root = await temporaryFolder();
    const model = await writeTinyModel(join(root, 'base'));
    const json = async (name: string): Promise<JsonObject> =>
      JSON.parse(await readFile(join(model, name), 'utf8')) as JsonObject;
    const made = createTokenizer(
      createTokenizerJson(await json('tokenizer.json')),
      await json('tokenizer_config.json'),
      { maxLength: 12, truncation: 'head' },
    );
    // Counts what is encoded, to tell a table from the cache from one that was made anew.
    tokenizer = { ...made, encode: (text) => (encoded.push(text), made.encode(text)) };
    file = join(root, 'reviews.csv');
    await writeCsv(file, rows);
  });
  beforeEach(() => {
    encoded = [];
    said.length = 0;
  });

  const source = (changes: Partial<TextSource> = {}): TextSource => {
    return { file, textColumn: 'review', maxRows: undefined, ...changes };
  };
  const tokenization = (changes: Partial<Tokenization> = {}): Tokenization => ({
    tokenizer,
    tokenizerSha256: tokenizerDigest({ a: 1 }, {}),
    tokenCacheDir: dir,
    progress: { say: (line) => said.push(line) },
    ...changes,
  });

  test('encodes every text once, and in a second run none', async () => {
    const first = await tokenizeFile(source(), tokenization());
    expect(encoded).toEqual(rows.map(([review]) => review));
    expect(sequencesOf(first)).toEqual(rows.map(([review]) => tokenizer.encode(review).inputIds));
    encoded = [];
    expect(await tokenizeFile(source(), tokenization())).toEqual(first);
    expect(encoded).toEqual([]);
    const texts = rows.map(([review]) => review);
    const sha256 = await fileDigest(file);
    expect(await tokenizeTexts({ ...source(), sha256, texts }, tokenization())).toEqual(first);
    expect(encoded).toEqual([]);
  });

  test('encodes anew without a cache, from another file or tokenizer, and after damage', async () => {
    await tokenizeFile(source(), tokenization());
    const other = join(await temporaryFolder(), 'reviews.csv.gz');
    await writeFile(other, gzipSync(await readFile(file)));
    const runs: [TextSource, Tokenization][] = [
      [source(), tokenization({ tokenCacheDir: undefined })],
      [source({ file: other }), tokenization()],
      [source({ maxRows: 12 }), tokenization()],
      [source(), tokenization({ tokenizerSha256: tokenizerDigest({ a: 2 }, {}) })],
      [source(), tokenization({ tokenizer: { ...tokenizer, maxLength: 13 } })],
    ];
    for (const [from, by] of runs) {
      encoded = [];
      await tokenizeFile(from, by);
      expect(encoded).toHaveLength(12);
    }
    for (const name of await readdir(dir)) await writeFile(join(dir, name), 'damaged');
    encoded = [];
    await tokenizeFile(source(), tokenization());
    expect(encoded).toHaveLength(12);
    encoded = [];
    await tokenizeFile(source(), tokenization());
    expect(encoded).toHaveLength(0);
  });

  test('goes on without a cache where none can be written, and says so', async () => {
    await writeFile(dir, 'a file where the folder should be made');
    const table = await tokenizeFile(source(), tokenization());
    expect(table.lengths).toHaveLength(12);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^token ids are not cached: .*tokens.*: expected to write it, but/);
  });
});
