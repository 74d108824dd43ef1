import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, it } from 'vitest';

const START = fileURLToPath(new URL('../start.mjs', import.meta.url));

/** The image's folder. */
let app: string;

beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), 'marquee-image-'));
  put('apps/api/dist/main.js', "process.stdout.write(process.env['MARQUEE_MODEL'] || 'shipped')");
  mkdirSync(join(app, 'docker'));
  copyFileSync(START, join(app, 'docker/start.mjs'));
});
afterEach(() => rmSync(app, { recursive: true }));

function put(path: string, content = ''): void {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  writeFileSync(join(app, path), content);
}

/** The model that the server is started with, or what is said instead. */
function start(args: readonly string[] = [], env: Record<string, string> = {}): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(app, 'docker/start.mjs'), ...args], { env });
  return `${String(stdout)}${String(stderr)}`;
}

it('takes the model that ships where none is mounted', () => {
  expect(start()).toBe('shipped');
  mkdirSync(join(app, 'models'));
  expect(start()).toBe('shipped');
});

it.each(['models', 'models/final_model'])('takes the model in %s, also where MARQUEE_MODEL is empty', (folder) => {
  put(`${folder}/manifest.json`);
  expect(start()).toBe(join(app, folder));
  expect(start([], { MARQUEE_MODEL: '' })).toBe(join(app, folder));
});

it('stops where what is mounted holds no model', () => {
  put('models/readme.txt');
  expect(start()).toMatch(/^marquee: \S+models must hold a model, expected /);
});

it.each([
  ['MARQUEE_MODEL', [], { MARQUEE_MODEL: '/elsewhere' }, '/elsewhere'],
  ['--model', ['--model', '/elsewhere'], {}, 'shipped'],
  ['--model=', ['--model=/elsewhere'], {}, 'shipped'],
  ['keys', ['keys', 'list'], {}, 'shipped'],
])('looks at nothing that is mounted when it is told by %s', (_, args, env, model) => {
  put('models/readme.txt');
  expect(start(args, env)).toBe(model); // options are the server's to read
});
