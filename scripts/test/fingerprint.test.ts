import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { buildFingerprint, installFingerprint, sourceFiles, workspaceFolders } from '../fingerprint.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'marquee fingerprint-'));
  write('pnpm-lock.yaml', 'lockfileVersion: 9');
  write('packages/a/package.json', '{}');
  write('packages/a/src/index.ts', 'export {};');
  write('packages/a/src/deep/b.ts', 'export {};');
  write('apps/c/package.json', '{}');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

it('the workspace is the folders with a manifest', () => {
  mkdirSync(join(root, 'packages/empty'));
  expect(workspaceFolders(root)).toEqual(['apps/c', 'packages/a']);
  expect(sourceFiles(root, 'packages/a')).toEqual(['packages/a/src/deep/b.ts', 'packages/a/src/index.ts']);
});

it('a fingerprint depends on contents, not on times', () => {
  const [install, build] = [installFingerprint(root), buildFingerprint(root)];
  utimesSync(join(root, 'packages/a/src/index.ts'), 1, 1);
  utimesSync(join(root, 'pnpm-lock.yaml'), 1, 1);
  expect([installFingerprint(root), buildFingerprint(root)]).toEqual([install, build]);
});

it.each([
  ['the lockfile', 'pnpm-lock.yaml', true, true],
  ['a manifest', 'apps/c/package.json', true, true],
  ['a new package', 'packages/d/package.json', true, true],
  ['a source', 'packages/a/src/deep/b.ts', false, true],
  ['a new source', 'packages/a/src/c.ts', false, true],
  ['a compiler option', 'packages/a/tsconfig.json', false, true],
  ['a test', 'packages/a/test/a.test.ts', false, false],
  ['an output', 'packages/a/dist/index.js', false, false],
])('%s that changes asks for install: %4$s, build: %5$s', (_, path, installs, builds) => {
  const [install, build] = [installFingerprint(root), buildFingerprint(root)];
  write(path, '{ "changed": true }');
  expect(installFingerprint(root) !== install).toBe(installs);
  expect(buildFingerprint(root) !== build).toBe(builds);
});

it('moving text from one file to the next changes the fingerprint', () => {
  write('packages/a/src/x.ts', 'ab');
  write('packages/a/src/y.ts', 'c');
  const before = buildFingerprint(root);
  write('packages/a/src/x.ts', 'a');
  write('packages/a/src/y.ts', 'bc');
  expect(buildFingerprint(root)).not.toBe(before);
});
