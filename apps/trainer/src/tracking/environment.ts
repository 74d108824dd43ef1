import { execFile } from 'node:child_process';
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { runtimeVersion } from '@marquee/model-core';

/** Where a run took place, and with which code. */
export interface RunEnvironment {
  readonly node: string;
  readonly onnxruntime: string;
  readonly platform: string;
  readonly host: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Git commit of the trainer's code; absent where it is in no repository, or git is not there. */
  readonly commit?: string;
  /** Whether the code differed from that commit. */
  readonly modified?: boolean;
}

export async function describeEnvironment(): Promise<RunEnvironment> {
  const processors = cpus();
  return {
    node: process.versions.node,
    onnxruntime: runtimeVersion(),
    platform: `${platform()} ${release()} ${arch()}`,
    host: hostname(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    ...(await codeVersion(fileURLToPath(new URL('.', import.meta.url)))),
  };
}

const SUFFIX = '-dirty';

/** Commit of the repository that a folder belongs to, or nothing. */
export async function codeVersion(dir: string): Promise<Pick<RunEnvironment, 'commit' | 'modified'>> {
  const describe = ['describe', '--always', '--abbrev=40', '--exclude=*', `--dirty=${SUFFIX}`];
  try {
    const { stdout } = await promisify(execFile)('git', ['--no-optional-locks', ...describe], {
      cwd: dir,
      timeout: 10_000,
      windowsHide: true,
    });
    const described = stdout.trim();
    return { commit: described.replace(SUFFIX, ''), modified: described.endsWith(SUFFIX) };
  } catch {
    return {}; // no git, no repository, or one of another owner
  }
}
