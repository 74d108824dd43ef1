import { floats, node, TINY_VOCAB_SIZE, tinyFiles, tinyGraph, tinyModel, tinyTable } from '@marquee/fixtures';
import { create, encodeModel, TensorProto_DataType, TensorProtoSchema } from '@marquee/onnx';
import { describe, expect, it } from 'vitest';

import { openArtifact } from '../../src/artifact.js';
import { openEngine } from '../../src/engine/engine.js';
import { guardInt8, type Machine, parseCpuFlags } from '../../src/engine/int8-guard.js';
import { checkGraph, type ClassifierOptions, loadEngine } from '../../src/index.js';
import { shippedArtifact } from '../support/folders.js';
import { writeTinyArtifact } from '../support/tiny-artifact.js';

const machine = (arch: string, ...flags: string[]): Machine => ({ arch, cpuFlags: () => new Set(flags) });
const HASWELL = machine('x64', 'avx2', 'fma');
const UNKNOWN: Machine = { arch: 'x64', cpuFlags: () => undefined };

/** The tiny classifier with its 2 × 2 matrix as int8: `weight` on the diagonal, scaled back to 1. */
function int8Graph(weight: number): Uint8Array {
  const model = tinyModel(tinyTable());
  const { graph } = model;
  if (!graph) throw new Error('a bug of this test');
  const product = { ...node('DynamicQuantizeMatMul', ['mean', 'w8', 'scale'], ['logits']), domain: 'com.microsoft' };
  graph.node.splice(-1, 1, product);
  graph.initializer.push(int8('w8', [2, 2], [weight, 0, 0, weight]), floats('scale', [2], [1 / weight, 1 / weight]));
  return encodeModel(model);
}

const int8 = (name: string, shape: number[], values: number[]) =>
  create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.INT8,
    dims: shape.map(BigInt),
    rawData: new Uint8Array(Int8Array.from(values).buffer),
  });

describe('int8 sums cannot overflow', () => {
  it.each<[string, number, Machine, ReturnType<typeof guardInt8>]>([
    ['without int8 weights, which need no guard', 0, HASWELL, undefined],
    ['with weights of 7 bits on any CPU', 64, HASWELL, 'weights'],
    ['with larger weights where the CPU has AVX-512 VNNI', 127, machine('x64', 'avx512_vnni'), 'cpu'],
    ['with larger weights where the CPU has AVX VNNI', 127, machine('x64', 'avx_vnni'), 'cpu'],
    ['with larger weights on ARM', 127, machine('arm64'), 'cpu'],
    ['with larger weights on an older CPU by the precision option', 65, HASWELL, 'precision-option'],
    ['with larger weights on an unknown CPU by the precision option', 65, UNKNOWN, 'precision-option'],
  ])('%s', (_, largestWeight, on, guard) => {
    expect(guardInt8(largestWeight, on)).toBe(guard);
  });

  it('as the flags in /proc/cpuinfo tell', () => {
    const cpuInfo =
      'processor\t: 0\nvmx flags\t: vnmi\nflags\t\t: fpu avx512_vnni rdpid\n\nprocessor\t: 1\nflags\t: fpu\n';
    expect(parseCpuFlags(cpuInfo)).toEqual(new Set(['fpu', 'avx512_vnni', 'rdpid']));
    expect(parseCpuFlags('Features\t: fp asimd\n')).toBeUndefined();
    expect(parseCpuFlags(undefined)).toBeUndefined();
  });
});

describe('an engine of weights that exceed 64', () => {
  const good = { member: '', inputIds: Int32Array.of(2, 10, 3) };

  async function open(graphs: Record<string, Uint8Array>, on: Machine, options: ClassifierOptions = {}) {
    const files = tinyFiles();
    for (const [file, graph] of Object.entries(graphs)) files.set(file, graph);
    const artifact = await openArtifact(await writeTinyArtifact(files));
    const engine = await openEngine(artifact, { device: 'cpu', intraOpThreads: 1, ...options }, on);
    const logits = await engine.run(good);
    await engine.close();
    expect(logits[0]).toBeCloseTo(-2, 1);
    expect(logits[1]).toBeCloseTo(2, 1);
    return engine.info;
  }
  const foreign = { 'onnx/model_quantized.onnx': int8Graph(127) };
  const both = { ...foreign, 'onnx/model.onnx': tinyGraph(tinyTable()) };

  it('runs int8 where the CPU has VNNI', async () => {
    const info = await open(both, machine('x64', 'avx512_vnni'));
    expect(info).toMatchObject({ graph: 'int8', int8Guard: 'cpu', members: { '': { int8Guard: 'cpu' } } });
    expect(info.reason).toBeUndefined();
  });

  it('runs fp32 elsewhere and says why, where the artifact has it', async () => {
    const info = await open(both, HASWELL);
    expect(info).toMatchObject({ graph: 'fp32', reason: expect.stringContaining('not known to have VNNI') });
    expect(info.int8Guard).toBeUndefined();
  });

  it('runs int8 with the precision option where it has no fp32, or int8 was asked for', async () => {
    const info = await open(foreign, HASWELL);
    expect(info).toMatchObject({ graph: 'int8', int8Guard: 'precision-option' });
    expect(info.reason).toMatch(/^graph "int8" runs with session\.x64quantprecision: its weights exceed 64/);
    expect(await open(both, UNKNOWN, { graph: 'int8' })).toMatchObject({
      graph: 'int8',
      int8Guard: 'precision-option',
    });
  });

  it('adds to the reason why CUDA is not used', async () => {
    const { reason } = await open(both, HASWELL, { device: 'auto' });
    if (reason?.includes(';')) expect(reason).toMatch(/cuda.*; graph "int8" is not used/i);
  });
});

describe('the largest int8 weight', () => {
  const largestOf = (graph: Uint8Array) =>
    checkGraph(graph, { file: 'g', vocabSize: TINY_VOCAB_SIZE }).largestInt8Weight;

  it('is that of matrices, negative ones and constants included', () => {
    expect(largestOf(tinyGraph(tinyTable()))).toBe(0);
    expect(largestOf(int8Graph(63))).toBe(63);
    expect(largestOf(int8Graph(-128))).toBe(128);
  });

  it('does not count embedding tables, which enter no product', () => {
    const model = tinyModel(tinyTable());
    const table = model.graph?.initializer[0];
    const [gather] = model.graph?.node ?? [];
    if (!model.graph || !table || !gather) throw new Error('a bug of this test');
    model.graph.initializer[0] = int8(
      'table',
      [TINY_VOCAB_SIZE, 2],
      [...tinyTable()].map((value) => 10 * value),
    );
    gather.output = ['rows'];
    model.graph.node.splice(1, 0, node('Cast', ['rows'], ['embedded'], { to: TensorProto_DataType.FLOAT }));
    expect(largestOf(encodeModel(model))).toBe(0);
  });

  const shipped = shippedArtifact();
  it.skipIf(!shipped)('of the shipped model has 7 bits', async () => {
    const engine = await loadEngine(shipped ?? '', { device: 'cpu', graph: 'int8', intraOpThreads: 1 });
    expect(engine.info.int8Guard).toBe('weights');
    await engine.close();
  });
});
