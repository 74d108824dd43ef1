import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Cores that this process may keep busy: those it may run on, or what its control groups grant, whichever is less. At least 1. */
export function availableCores(root = '/'): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), cpuQuota(root))));
}

/** In cores, by control groups of either version; Infinity where nothing limits it. */
export function cpuQuota(root: string): number {
  const groups = read(join(root, 'proc/self/cgroup')).trim().split('\n');
  return Math.min(...groups.map((line) => groupQuota(root, line)));
}

/** A line is `id:controllers:path`; version 2 has one, without controllers. Inside a container the path may be the host's. */
function groupQuota(root: string, line: string): number {
  const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
  const isVersion2 = controllers === '';
  if (!isVersion2 && !controllers.split(',').includes('cpu')) return Infinity;
  const mounts = isVersion2 ? ['', 'unified'] : ['cpu', 'cpu,cpuacct'];
  const readQuota = isVersion2 ? quotaOfVersion2 : quotaOfVersion1;
  return Math.min(
    ...mounts.flatMap((mount) =>
      withParents(path).map((group) => readQuota(join(root, 'sys/fs/cgroup', mount, group))),
    ),
  );
}

/** A limit on a group holds for all groups in it. */
function withParents(path: string): string[] {
  return path === '/' || path === '.' ? ['/'] : [path, ...withParents(dirname(path))];
}

/** `cpu.max` holds "<quota> <period>" in µs, or "max <period>". */
function quotaOfVersion2(folder: string): number {
  const [quota, period] = read(join(folder, 'cpu.max')).split(' ');
  return toCores(quota, period);
}

function quotaOfVersion1(folder: string): number {
  return toCores(read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us')));
}

function toCores(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota || NaN) / Number(period || NaN);
  return cores > 0 ? cores : Infinity; // no such file, "max", or -1
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
