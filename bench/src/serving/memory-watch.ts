export interface MemorySample {
  /** From the start of the watch. */
  readonly atMs: number;
  readonly bytes: number;
}

export interface MemoryWatch {
  stop(): readonly MemorySample[];
}

/** Samples memory until it is stopped. */
export function watchMemory(readBytes: () => number, intervalMs: number): MemoryWatch {
  const samples: MemorySample[] = [];
  const startMs = performance.now();
  const sample = (): void => {
    samples.push({ atMs: performance.now() - startMs, bytes: readBytes() });
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
