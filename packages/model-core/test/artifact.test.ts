import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TINY_CONFIG } from '@marquee/fixtures';
import { describe, expect, it } from 'vitest';

import { readArtifact, verifyArtifact } from '../src/index.js';
import { temporaryFolder } from './support/folders.js';
import { rewriteManifest, writeTinyArtifact } from './support/tiny-artifact.js';

describe('readArtifact', () => {
  it('hands out every file of the manifest, verified', async () => {
    const dir = await writeTinyArtifact();
    const artifact = await readArtifact(dir);
    expect(artifact.config).toEqual(TINY_CONFIG);
    expect(Object.keys(artifact.manifest.files)).toHaveLength(4);
    for (const path of Object.keys(artifact.manifest.files)) {
      expect(Buffer.compare(artifact.bytes(path), await readFile(join(dir, path)))).toBe(0);
    }
  });

  it('reads only the named files, and more on demand', async () => {
    const dir = await writeTinyArtifact();
    const artifact = await readArtifact(dir, { files: ['tokenizer.json'] });
    expect(() => artifact.bytes('onnx/model_quantized.onnx')).toThrow(
      expect.objectContaining({ code: 'FILE_MISSING' }),
    );
    expect((await artifact.load('onnx/model_quantized.onnx')).length).toBeGreaterThan(100);
    await expect(artifact.load('toString')).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });

  it('hands out the bytes that it verified, whatever becomes of the file', async () => {
    const dir = await writeTinyArtifact();
    const artifact = await readArtifact(dir);
    const before = Buffer.from(artifact.bytes('tokenizer.json'));
    await writeFile(join(dir, 'tokenizer.json'), 'something else');
    expect(Buffer.compare(artifact.bytes('tokenizer.json'), before)).toBe(0);
  });

  it('reads on in the folder that a link led to when it was opened, and names the link', async () => {
    const dir = await writeTinyArtifact();
    const link = join(await temporaryFolder(), 'link');
    await symlink(dir, link);
    const artifact = await readArtifact(link, { files: [] });
    await rm(link);
    await symlink(await temporaryFolder(), link);
    expect(Buffer.compare(await artifact.load('tokenizer.json'), await readFile(join(dir, 'tokenizer.json')))).toBe(0);
    await rm(join(dir, 'tokenizer.json'));
    await expect(artifact.load('tokenizer.json')).rejects.toMatchObject({
      code: 'FILE_MISSING',
      message: `tokenizer.json is not a readable file of ${link}`,
    });
  });

  it('says which folder is not there', async () => {
    const dir = join(await temporaryFolder(), 'nowhere');
    await expect(readArtifact(dir)).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: expect.stringContaining(dir),
    });
  });

  it('says that the manifest is not there, or is damaged', async () => {
    const dir = await writeTinyArtifact();
    await writeFile(join(dir, 'manifest.json'), '{"formatVersion": 1,');
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: 'INVALID_JSON', file: 'manifest.json' });
    await writeFile(join(dir, 'manifest.json'), Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: 'INVALID_JSON' });
    await writeFile(join(dir, 'manifest.json'), '[]');
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: 'INVALID_JSON' });
    await rm(join(dir, 'manifest.json'));
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: 'FILE_MISSING', file: 'manifest.json' });
  });
});

describe.each([
  ['readArtifact', readArtifact],
  ['verifyArtifact', verifyArtifact],
])('%s', (_, read) => {
  it('refuses a file with one bit changed, and one that grew', async () => {
    const dir = await writeTinyArtifact();
    const path = join(dir, 'onnx/model_quantized.onnx');
    const bytes = await readFile(path);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(read(dir)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', file: 'onnx/model_quantized.onnx' });
    await appendFile(path, 'x');
    await expect(read(dir)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('bytes'),
    });
  });

  it('refuses a missing file, a folder and a named pipe in place of a file', async () => {
    const dir = await writeTinyArtifact();
    const path = join(dir, 'tokenizer.json');
    await rm(path);
    await expect(read(dir)).rejects.toMatchObject({ code: 'FILE_MISSING', file: 'tokenizer.json' });
    await mkdir(path);
    await expect(read(dir)).rejects.toMatchObject({ code: 'FILE_MISSING' });
    if (process.platform === 'win32') return;
    await rm(path, { recursive: true });
    execFileSync('/usr/bin/env', ['mkfifo', path]);
    await expect(read(dir)).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });

  it('follows links inside the folder and refuses those that lead out', async () => {
    const dir = await writeTinyArtifact();
    const outside = await writeTinyArtifact();
    await rm(join(dir, 'tokenizer.json'));
    await symlink(join(outside, 'tokenizer.json'), join(dir, 'tokenizer.json'));
    await expect(read(dir)).rejects.toMatchObject({ code: 'UNSAFE_PATH', file: 'tokenizer.json' });
    await rm(join(dir, 'tokenizer.json'));
    await writeFile(join(dir, 'real.json'), await readFile(join(outside, 'tokenizer.json')));
    await symlink('real.json', join(dir, 'tokenizer.json'));
    await read(dir);
    await rm(join(dir, 'onnx'), { recursive: true });
    await symlink(join(outside, 'onnx'), join(dir, 'onnx'));
    await expect(read(dir)).rejects.toMatchObject({ code: 'UNSAFE_PATH', file: 'onnx/model_quantized.onnx' });
  });

  it('takes a folder that is itself reached through a link', async () => {
    const link = join(await temporaryFolder(), 'link');
    await symlink(await writeTinyArtifact(), link);
    await read(link);
  });

  it('refuses a manifest that names a file outside the folder', async () => {
    const dir = await writeTinyArtifact();
    const { manifest } = await readArtifact(dir);
    await rewriteManifest(dir, {
      ...manifest,
      files: { ...manifest.files, '../x': { sizeBytes: 1, sha256: 'a'.repeat(64) } },
    });
    await expect(read(dir)).rejects.toMatchObject({ code: 'UNSAFE_PATH' });
  });
});
