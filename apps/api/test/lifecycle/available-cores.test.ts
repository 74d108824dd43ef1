import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { availableCores, cpuQuota } from '../../src/lifecycle/available-cores.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'marquee-cgroup-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), contents);
  }
}

describe('the quota of cores', () => {
  test('is that of version 2', async () => {
    await write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' });
    expect(cpuQuota(root)).toBe(1.5);
  });

  test('is the least of the group and those that it is in', async () => {
    await write({
      'proc/self/cgroup': '0::/pod/box\n',
      'sys/fs/cgroup/pod/box/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/pod/cpu.max': '300000 100000\n',
    });
    expect(cpuQuota(root)).toBe(3);
  });

  test('is that of version 1, also where the path is the host’s', async () => {
    await write({
      'proc/self/cgroup': '5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n0::/docker/1\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '250000\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    expect(cpuQuota(root)).toBe(2.5);
  });

  test('is infinite where there is none', async () => {
    expect(cpuQuota(root)).toBe(Infinity);
    await write({
      'proc/self/cgroup': '4:cpu:/\n0::/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
    });
    expect(cpuQuota(root)).toBe(Infinity);
  });
});

test('available cores are whole, at least one, and at most those of the machine', async () => {
  expect(availableCores(root)).toBe(availableParallelism());
  await write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' });
  expect(availableCores(root)).toBe(1);
});
