// What the benchmarks run of the trainer: the very step, masks and state that training uses.
export { createDropoutMasks, type DropoutMasks } from './dropout-masks.js';
export { type BatchFeeds, createOptimizer, type Optimizer } from './optimizer-loop.js';
export { initialState, type TrainingState } from './training-state.js';
