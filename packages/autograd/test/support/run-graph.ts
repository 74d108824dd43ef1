import { createSession, type Session, type Tensor as RuntimeTensor } from '@marquee/model-core';

import { type Graph, type Tensor, toModel } from '../../src/index.js';
import { type Fed, numbersOf, runtimeTensor } from './fed-input.js';

export const feedsOf = (inputs: readonly Fed[]): Record<string, RuntimeTensor> =>
  Object.fromEntries(inputs.map(({ name, dtype, values, dims }) => [name, runtimeTensor(dtype, values, dims)]));

export async function withSession<Result>(
  model: Graph | Uint8Array,
  use: (session: Session) => Promise<Result>,
  threads = 1,
): Promise<Result> {
  const bytes = model instanceof Uint8Array ? model : toModel(model);
  const session = await createSession(bytes, { intraOpThreads: threads });
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

/** Runs tensors of a graph once on ONNX Runtime. */
export async function run(
  inputs: readonly Fed[],
  outputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, number[]>> {
  const graph = { name: 'test', inputs: inputs.map(({ tensor }) => tensor), outputs };
  const results = await withSession(graph, (session) => session.run(feedsOf(inputs)));
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, numbersOf(tensor)]));
}

/** The numbers of one tensor. */
export async function valueOf(inputs: readonly Fed[], tensor: Tensor): Promise<number[]> {
  const { value } = await run(inputs, { value: tensor });
  return value ?? [];
}
