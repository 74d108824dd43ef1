import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TINY_DRAFT } from '@marquee/fixtures';
import { describe, expect, it } from 'vitest';

import { parseManifest, writeManifest } from '../src/index.js';
import { temporaryFolder } from './support/folders.js';

const SHA256 = 'a'.repeat(64);
const VALID = {
  formatVersion: 1,
  kind: 'transformer',
  version: '0123456789ab',
  createdAt: '2026-01-02T03:04:05.000Z',
  files: { 'config.json': { sizeBytes: 2, sha256: SHA256 } },
  text: { maxLength: 512, truncation: 'head+tail' },
  labels: ['negative', 'positive'],
  parameters: 10,
};

describe('parseManifest', () => {
  it('takes a manifest with the required fields, and keeps those it does not know', () => {
    expect(parseManifest({ ...VALID, reference: { bins: [1] } })).toEqual({ ...VALID, reference: { bins: [1] } });
  });

  it('takes every optional field', () => {
    const optional = {
      parent: { name: 'base' },
      training: { seed: 1 },
      metrics: { accuracy: 0.9 },
      seenRows: { file: 'config.json', count: 3 },
      goldenInputs: [{ inputIds: [2, 3], logits: { int8: [0, 1] } }],
      temperature: 1.5,
    };
    expect(parseManifest({ ...VALID, ...optional })).toEqual({ ...VALID, ...optional });
  });

  it.each([
    ['INVALID_MANIFEST', 'no object', []],
    ['UNSUPPORTED_FORMAT', 'a newer format', { ...VALID, formatVersion: 2 }],
    ['UNSUPPORTED_FORMAT', 'another kind', { ...VALID, kind: 'forest' }],
    ['UNSUPPORTED_FORMAT', 'a kind that is a name of every object', { ...VALID, kind: 'constructor' }],
    ['INVALID_MANIFEST', 'a version with a slash', { ...VALID, version: '../x' }],
    ['INVALID_MANIFEST', 'a date that is none', { ...VALID, createdAt: 'yesterday' }],
    ['INVALID_MANIFEST', 'no parameters', { ...VALID, parameters: 0 }],
    ['INVALID_MANIFEST', 'no files', { ...VALID, files: {} }],
    ['INVALID_MANIFEST', 'a file without size', { ...VALID, files: { a: { sha256: SHA256 } } }],
    ['INVALID_MANIFEST', 'a negative size', { ...VALID, files: { a: { sizeBytes: -1, sha256: SHA256 } } }],
    ['INVALID_MANIFEST', 'a short digest', { ...VALID, files: { a: { sizeBytes: 1, sha256: 'abc' } } }],
    ['INVALID_MANIFEST', 'a length of 2', { ...VALID, text: { maxLength: 2, truncation: 'head' } }],
    ['INVALID_MANIFEST', 'an unknown truncation', { ...VALID, text: { maxLength: 9, truncation: 'middle' } }],
    ['INVALID_MANIFEST', 'labels the other way round', { ...VALID, labels: ['positive', 'negative'] }],
    ['INVALID_MANIFEST', 'a temperature of 0', { ...VALID, temperature: 0 }],
    ['INVALID_MANIFEST', 'seen rows in no file', { ...VALID, seenRows: { file: 'x', count: 1 } }],
    ['INVALID_MANIFEST', 'metrics that are a list', { ...VALID, metrics: [] }],
    ['INVALID_MANIFEST', 'golden inputs that are no list', { ...VALID, goldenInputs: {} }],
  ])('answers %s to %s', (code, _, json) => {
    expect(() => parseManifest(json)).toThrow(expect.objectContaining({ code, file: 'manifest.json' }));
  });

  it.each([
    '../config.json',
    '/etc/passwd',
    'a/../../b',
    'a//b',
    './a',
    'a/.',
    '',
    'a\\b',
    'C:/x',
    'a\0b',
    'manifest.json',
  ])('refuses the file name %j', (path) => {
    const json: unknown = JSON.parse(
      JSON.stringify({ ...VALID, files: {} }).replace(
        '"files":{}',
        `"files":{${JSON.stringify(path)}:{"sizeBytes":1,"sha256":"${SHA256}"}}`,
      ),
    );
    expect(() => parseManifest(json)).toThrow(expect.objectContaining({ code: 'UNSAFE_PATH' }));
  });
});

describe('writeManifest', () => {
  it('digests files, derives a version and leaves no temporary file', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'config.json'), '{}');
    const manifest = await writeManifest(dir, TINY_DRAFT, ['config.json']);
    expect(manifest.files['config.json']).toEqual({
      sizeBytes: 2,
      sha256: createHash('sha256').update('{}').digest('hex'),
    });
    expect(manifest.version).toMatch(/^[0-9a-f]{12}$/);
    expect(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))).toEqual(manifest);
    expect((await readdir(dir)).sort()).toEqual(['config.json', 'manifest.json']);
  });

  it('derives the version from contents alone, and keeps one that is given', async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(one, 'a'), 'same');
    await writeFile(join(two, 'a'), 'same');
    const first = await writeManifest(one, TINY_DRAFT, ['a']);
    const second = await writeManifest(two, { ...TINY_DRAFT, createdAt: '2027-01-01T00:00:00Z' }, ['a']);
    expect(second.version).toBe(first.version);
    await writeFile(join(two, 'b'), 'more');
    expect((await writeManifest(two, second, ['a', 'b'])).version).toBe(first.version);
    expect((await writeManifest(two, TINY_DRAFT, ['a', 'b'])).version).not.toBe(first.version);
  });

  it('refuses a file that is not there, or outside, and keeps the old manifest', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'a'), '1');
    await writeManifest(dir, TINY_DRAFT, ['a']);
    const before = await readFile(join(dir, 'manifest.json'), 'utf8');
    await expect(writeManifest(dir, TINY_DRAFT, ['a', 'b'])).rejects.toMatchObject({ code: 'FILE_MISSING', file: 'b' });
    await expect(writeManifest(dir, TINY_DRAFT, ['../a'])).rejects.toMatchObject({ code: 'UNSAFE_PATH' });
    expect(await readFile(join(dir, 'manifest.json'), 'utf8')).toBe(before);
  });
});
