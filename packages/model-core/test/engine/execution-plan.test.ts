import { describe, expect, it } from 'vitest';

import { type ExecutionRequest, planExecution } from '../../src/engine/execution-plan.js';

const MISSING = 'libonnxruntime_providers_cuda.so missing';

function plan(change: Partial<ExecutionRequest>) {
  return planExecution({
    device: 'auto',
    graph: 'auto',
    available: ['int8', 'fp32'],
    missingCuda: undefined,
    dir: 'models/mine',
    ...change,
  });
}

describe('device "auto"', () => {
  it('is CUDA with fp32 where both are there', () => {
    expect(plan({})).toEqual({ device: 'cuda', graph: 'fp32' });
    expect(plan({ graph: 'fp32' })).toEqual({ device: 'cuda', graph: 'fp32' });
  });

  it('is the CPU with int8 and the reason where something is missing', () => {
    expect(plan({ missingCuda: MISSING })).toEqual({ device: 'cpu', graph: 'int8', reason: MISSING });
    expect(plan({ available: ['int8'] })).toEqual({
      device: 'cpu',
      graph: 'int8',
      reason: 'onnx/model.onnx is not in the artifact; write it with: npm run export -- --model models/mine',
    });
  });

  it('keeps to the graph that was asked for', () => {
    expect(plan({ missingCuda: MISSING, graph: 'fp32' })).toMatchObject({ device: 'cpu', graph: 'fp32' });
    expect(plan({ graph: 'int8' })).toMatchObject({
      device: 'cpu',
      graph: 'int8',
      reason: expect.stringContaining('fp32'),
    });
  });
});

describe('device "cpu"', () => {
  it('prefers int8, takes fp32 where it is alone, and gives no reason', () => {
    expect(plan({ device: 'cpu' })).toEqual({ device: 'cpu', graph: 'int8' });
    expect(plan({ device: 'cpu', available: ['fp32'] })).toEqual({ device: 'cpu', graph: 'fp32' });
  });

  it('refuses a graph that is not there', () => {
    const missing = () => plan({ device: 'cpu', graph: 'fp32', available: ['int8'] });
    expect(missing).toThrow(expect.objectContaining({ code: 'GRAPH_UNAVAILABLE' }));
    expect(missing).toThrow(/npm run export -- --model models\/mine/);
    expect(() => plan({ device: 'cpu', available: [] })).toThrow(
      expect.objectContaining({ code: 'GRAPH_UNAVAILABLE' }),
    );
  });
});

describe('device "cuda"', () => {
  it('says what is missing: the libraries, the exported graph, or a graph that CUDA can run', () => {
    const refusal = (code: string, message: RegExp): unknown =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => plan({ device: 'cuda', missingCuda: MISSING })).toThrow(
      refusal('DEVICE_UNAVAILABLE', /providers_cuda/),
    );
    expect(() => plan({ device: 'cuda', available: ['int8'] })).toThrow(refusal('GRAPH_UNAVAILABLE', /npm run export/));
    expect(() => plan({ device: 'cuda', graph: 'int8' })).toThrow(refusal('GRAPH_UNAVAILABLE', /"fp32" only/));
  });
});
