import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { fileDigest, rowDigest } from '../src/index.js';
import { writeTemporary } from './support.js';

describe('rowDigest', () => {
  it('is the start of the SHA-256 of the text', () => {
    // printf 'A triumph.' | sha256sum
    expect(rowDigest('A triumph.')).toBe('f344189a45991f11');
  });

  it('is the same for one text in another layout', () => {
    const digest = rowDigest('Caf\u00e9 society. Fine.');
    for (const text of [
      'Cafe\u0301 society. Fine.',
      ' Caf\u00e9\u00a0society.\r\n\tFine.\n',
      'Caf\u00e9 society.<br /><br />Fine.',
    ]) {
      expect(rowDigest(text)).toBe(digest);
    }
  });

  it('differs where a letter or its case does', () => {
    expect(new Set(['fine', 'Fine', 'fin e', 'fine.'].map(rowDigest)).size).toBe(4);
  });
});

describe('fileDigest', () => {
  it('is the SHA-256 of the bytes on disk', async () => {
    // printf abc | sha256sum
    expect(await fileDigest(await writeTemporary('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const compressed = gzipSync('abc');
    expect(await fileDigest(await writeTemporary(compressed, 'a.csv.gz'))).not.toBe(
      await fileDigest(await writeTemporary('abc')),
    );
  });
});
