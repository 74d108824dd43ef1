import { type Graph, type Tensor as GraphTensor, toLoopModel } from '@marquee/autograd';
import { nextValue } from '@marquee/distilbert';
import { createSession, type SessionOptions, type Tensor } from '@marquee/model-core';

import { type BatchSize, resolveDim } from './dropout-masks.js';
import type { BatchFeeds } from './optimizer-loop.js';
import { createFeedStack } from './stack-feeds.js';

export interface RolledSteps {
  readonly iterations: number;
  /** One run: feeds of as many batches as there are iterations, padded to `size`. What a step gives beside the state comes back stacked. */
  run(
    state: Readonly<Record<string, Tensor>>,
    batches: readonly (() => BatchFeeds)[],
    size: BatchSize,
    fetches: Readonly<Record<string, Tensor | null>>,
  ): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Several steps in one run, so that on a device with memory of its own the state crosses over once in `iterations` steps. */
export async function rollSteps(step: Graph, iterations: number, session?: SessionOptions): Promise<RolledSteps> {
  const names = step.inputs.map(nameOf);
  const carried = Object.fromEntries(
    names.filter((name) => nextValue(name) in step.outputs).map((name) => [name, nextValue(name)]),
  );
  const stacked = step.inputs.filter((tensor) => !(nameOf(tensor) in carried));
  const loop = toLoopModel(step, { iterations, carried, stacked: stacked.map(nameOf) });
  const opened = await createSession(loop, session);
  return {
    iterations,
    run(state, batches, size, fetches) {
      const stacks = stacked.map((tensor) => {
        const dims = tensor.shape.map((dim) => resolveDim(dim, size));
        return [nameOf(tensor), createFeedStack(tensor.dtype as 'float32' | 'int64', iterations, dims)] as const; // a batch holds no other
      });
      batches.forEach((batch, place) => {
        const feeds = batch();
        for (const [name, stack] of stacks) stack.put(place, feeds[name] as Tensor); // every batch has every input
      });
      const feeds = Object.fromEntries(stacks.map(([name, { tensor }]) => [name, tensor]));
      return opened.run({ ...state, ...feeds }, fetches);
    },
    close: () => opened.release(),
  };
}

function nameOf({ source }: GraphTensor): string {
  if (source.kind === 'input') return source.name;
  throw new RangeError('bug: a graph input must be an input tensor');
}
