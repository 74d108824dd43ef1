import type { ClassifierOptions, EngineInfo, EngineRun } from '@marquee/model-core';

/** What a process loads: the folder, and the version that the server verified, which must be the one the process finds. */
export interface EngineSource {
  readonly dir: string;
  readonly version: string;
  readonly options: ClassifierOptions;
}

/** Server to inference process. */
export type EngineRequest =
  | { readonly type: 'load'; readonly source: EngineSource }
  | { readonly type: 'run'; readonly id: number; readonly run: EngineRun }
  /** Nobody waits for the run any more: it fails, if it has not begun. */
  | { readonly type: 'cancel'; readonly id: number };

/** Inference process to server. */
export type EngineReply =
  | { readonly type: 'loaded'; readonly info: EngineInfo }
  | { readonly type: 'load-failed'; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly logits: Float32Array; readonly inferenceMs: number }
  | { readonly type: 'run-failed'; readonly id: number; readonly message: string };
