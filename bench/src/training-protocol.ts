import type { ShapeName } from './shapes.js';

/** What is asked of a training worker, and its answers. */
export interface StepRequest {
  readonly kind: 'step';
  readonly shape: ShapeName;
  readonly batchSize: number;
  readonly tokens: number;
  readonly dropout: number;
  /** Timed steps, after the warm-up. */
  readonly steps: number;
  readonly profilePrefix?: string;
}

export interface StepResult {
  readonly parameters: number;
  /** Of the timed steps. */
  readonly stepMs: readonly number[];
  /** Of all steps, the warm-up's too. */
  readonly losses: readonly number[];
  readonly peakRssBytes: number;
}

export interface GemmRequest {
  readonly kind: 'gemm';
  /** [rows, in, out] of each product. */
  readonly sizes: readonly (readonly [number, number, number])[];
  readonly repeats: number;
}

export interface GemmResult {
  /** By `rows x in x out`, without spaces. */
  readonly gflops: Readonly<Record<string, number>>;
}

/** The part read of what bench/python/training_step.py prints. */
export interface PyTorchResult {
  readonly versions: { readonly torch: string; readonly transformers: string };
  readonly medianTokensPerSecond: number;
  readonly peakRssBytes: number;
  readonly limited: boolean;
  readonly gemmGflops: Readonly<Record<string, number>>;
}
