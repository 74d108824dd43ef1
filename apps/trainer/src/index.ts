// What the benchmarks run of the trainer: the very step, masks, state and token ids that training uses.
export { createDropoutMasks, type DropoutMasks } from './dropout-masks.js';
export { type BatchFeeds, createOptimizer, type Optimizer } from './optimizer-loop.js';
export { tokenizerDigest } from './token-cache.js';
export type { TokenTable } from './token-table.js';
export { type TextSource, type Tokenization, tokenizeFile } from './tokenize.js';
export { initialState, type TrainingState } from './training-state.js';
