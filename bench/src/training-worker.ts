import { matmul, input, toModel } from '@marquee/autograd';
import { dropoutSpecs, parameterCount } from '@marquee/distilbert';
import { createSession, Tensor } from '@marquee/model-core';
import { type BatchFeeds, createDropoutMasks, createOptimizer, initialState } from '@marquee/trainer';

import { workerRequest } from './child-process.js';
import { randomWeights, shapeConfig } from './shapes.js';
import type { GemmRequest, GemmResult, StepRequest, StepResult } from './training-protocol.js';

const WARMUP_STEPS = 2; // a session packs weights and grows its arena in its first two runs

/** Times optimizer steps as the trainer makes them: masks and feeds are made inside the step. */
async function measureSteps(request: StepRequest): Promise<StepResult> {
  const { batchSize, tokens, dropout, steps, profilePrefix } = request;
  const config = shapeConfig(request.shape, dropout);
  const optimizer = await createOptimizer(config, initialState(randomWeights(config, 1)), {
    loss: { labelSmoothing: 0, padded: true },
    optimizer: {
      learningRate: 2e-5,
      schedule: { kind: 'linear', warmupSteps: 1, totalSteps: 1000 },
      weightDecay: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      maxGradNorm: 1,
    },
    accumulationSteps: 1,
    session: profilePrefix === undefined ? {} : { profilePrefix },
  });
  const masks = createDropoutMasks(dropoutSpecs(config));
  const batch = createBatch(config.vocab_size, batchSize, tokens);
  const stepMs: number[] = [];
  const losses: number[] = [];
  for (let step = 0; step < WARMUP_STEPS + steps; step += 1) {
    const start = performance.now();
    const feeds = (): BatchFeeds => ({
      ...batch,
      ...masks.next({ batch: batchSize, seq: tokens }, { seed: 1, microStep: step }),
    });
    losses.push((await optimizer.step([feeds])).loss);
    stepMs.push(performance.now() - start);
  }
  await optimizer.close();
  return {
    parameters: parameterCount(config),
    stepMs: stepMs.slice(WARMUP_STEPS),
    losses,
    // KiB on every platform.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** Full rows of ids past the special tokens, the same at each step. */
function createBatch(vocabSize: number, rows: number, tokens: number): Record<string, Tensor> {
  const ids = BigInt64Array.from({ length: rows * tokens }, (_, i) => BigInt(1000 + ((i * 7919) % (vocabSize - 1000))));
  return {
    input_ids: new Tensor('int64', ids, [rows, tokens]),
    attention_mask: new Tensor('int64', new BigInt64Array(rows * tokens).fill(1n), [rows, tokens]),
    labels: new Tensor(
      'int64',
      BigInt64Array.from({ length: rows }, (_, row) => BigInt(row % 2)),
      [rows],
    ),
  };
}

/** Best rate of [rows, in] × [out, in]ᵀ with both factors as inputs, as the training step computes it, seen from JavaScript. */
async function measureGemm({ sizes, repeats }: GemmRequest): Promise<GemmResult> {
  const gflops: Record<string, number> = {};
  for (const [rows, inputs, outputs] of sizes) {
    const x = input('x', 'float32', [rows, inputs]);
    const weight = input('weight', 'float32', [outputs, inputs]);
    const y = matmul(x, weight, { transposeB: true });
    const session = await createSession(toModel({ name: 'gemm', inputs: [x, weight], outputs: { y } }));
    const feeds = { x: filled([rows, inputs]), weight: filled([outputs, inputs]) };
    const fetches = { y: filled([rows, outputs]) };
    let best = Infinity;
    for (let repeat = 0; repeat <= repeats; repeat += 1) {
      const start = performance.now();
      await session.run(feeds, fetches);
      if (repeat > 0) best = Math.min(best, performance.now() - start);
    }
    await session.release();
    gflops[`${rows}x${inputs}x${outputs}`] = (2 * rows * inputs * outputs) / best / 1e6;
  }
  return { gflops };
}

function filled(dims: readonly [number, number]): Tensor {
  const data = new Float32Array(dims[0] * dims[1]);
  for (let i = 0; i < data.length; i += 1) data[i] = ((i * 7919) % 1000) / 1000 - 0.5;
  return new Tensor('float32', data, dims);
}

const request = workerRequest() as StepRequest | GemmRequest;
console.log(JSON.stringify(await (request.kind === 'step' ? measureSteps(request) : measureGemm(request))));
