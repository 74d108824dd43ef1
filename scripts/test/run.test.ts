import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { root } from '../root.mjs';
import { Checkout } from './checkout.js';

const entry = join(root, 'scripts/run.cjs');

/** Runs the entry as a Node of another version would, and stops where that Node would exit or go on. */
function runAs(version: string): { code: number; message: string } {
  const outcome = { code: 0, message: '' };
  const process = {
    version: `v${version}`,
    versions: { node: version },
    execPath: '/opt/node',
    stderr: { write: (text: string) => (outcome.message += text) },
    exit: (code: number) => {
      outcome.code = code;
      throw new Error('exit');
    },
  };
  try {
    runInNewContext(readFileSync(entry, 'utf8'), { process, require: () => undefined });
  } catch (error) {
    if (!(error instanceof Error && error.message === 'exit')) throw error;
  }
  return outcome;
}

describe('every npm script', () => {
  it.each(['0.10.48', '8.17.0', '18.20.8', '20.18.3'])('ends on Node %s with one sentence', (version) => {
    expect(runAs(version)).toEqual({
      code: 1,
      message: `marquee: expected Node.js 20.19 or newer, got v${version} (/opt/node)\n`,
    });
  });

  it.each(['20.19.0', '22.0.0', '24.1.0', '100.0.0'])('goes on with Node %s', (version) => {
    expect(runAs(version)).toEqual({ code: 0, message: '' });
  });

  it('goes through the entry that checks the version, without a shell between npm and it', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    for (const [name, script] of Object.entries(scripts)) {
      expect(script).toBe(`exec node scripts/run.cjs ${name}`);
    }
  });

  it.each(['nonsense', 'constructor', ''])('refuses the command %j', (command) => {
    const { status, stderr } = spawnSync(process.execPath, [entry, command], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^marquee: expected one of start, .*, got ".*"\n$/);
  });

  it('runs where the user stands, and at the root where that folder is gone or cannot be entered', () => {
    const checkout = new Checkout();
    checkout.writeServer('process.cwd()');
    const folderOf = (userFolder: string): string => checkout.start({ userFolder }).stdout;
    expect(folderOf(join(checkout.root, 'apps'))).toBe(join(checkout.root, 'apps'));
    expect(folderOf(join(checkout.root, 'gone'))).toBe(checkout.root);
    expect(folderOf(join(checkout.root, 'pnpm-lock.yaml'))).toBe(checkout.root);
    rmSync(checkout.root, { recursive: true });
  });
});
