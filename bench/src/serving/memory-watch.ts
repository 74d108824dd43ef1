import { processTree, residentBytes } from './process-tree.js';

export interface MemorySample {
  /** From the start of the watch. */
  readonly atMs: number;
  readonly bytes: number;
}

export interface MemoryWatch {
  stop(): readonly MemorySample[];
}

/** Samples the resident memory of a process and all below it until it is stopped. */
export function watchMemory(pid: number, intervalMs: number): MemoryWatch {
  const samples: MemorySample[] = [];
  const startMs = performance.now();
  const sample = (): void => {
    samples.push({ atMs: performance.now() - startMs, bytes: residentBytes(processTree(pid)) });
  };
  sample();
  const timer = setInterval(sample, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return samples;
    },
  };
}
