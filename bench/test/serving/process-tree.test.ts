import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { isRunning, processTree, proportionalBytes, residentBytes } from '../../src/serving/process-tree.js';

describe.runIf(process.platform === 'linux')('processTree', () => {
  it('holds a process, its children and theirs, and none that has ended', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log(1)'], { stdio: 'inherit' })",
    ]);
    await once(child.stdout, 'data');
    const tree = processTree(child.pid ?? 0);
    expect(tree).toHaveLength(2);
    expect(tree[0]).toBe(child.pid);
    expect(processTree(process.pid)).toEqual(expect.arrayContaining(tree));
    for (const pid of tree) process.kill(pid, 'SIGKILL');
    await once(child, 'close');
    expect(isRunning(child.pid ?? 0)).toBe(false);
    expect(processTree(child.pid ?? 0)).toEqual([]);
  });

  it('measures memory: a share of pages is at most the pages', () => {
    const shared = proportionalBytes([process.pid]);
    expect(shared).toBeGreaterThan(10e6);
    expect(residentBytes([process.pid])).toBeGreaterThanOrEqual(0.9 * shared);
  });
});
