import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { tinyGraph } from '@marquee/fixtures';
import { describe, expect, it } from 'vitest';

import { createSession, missingCudaLibraries, runtimeVersion, Tensor } from '../src/index.js';
import { PACKAGE, temporaryFolder } from './support/folders.js';

const MODEL = tinyGraph(Float32Array.of(1, 2, 3, 4, 5, 6));

function feeds(ids: bigint[]) {
  const shape = [1, ids.length];
  return {
    input_ids: new Tensor('int64', BigInt64Array.from(ids), shape),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
  };
}

describe('a session', () => {
  it('names its inputs and outputs and runs', async () => {
    const session = await createSession(MODEL, { intraOpThreads: 1 });
    expect(session.inputNames).toEqual(['input_ids', 'attention_mask']);
    expect(session.outputNames).toEqual(['logits']);
    expect((await session.run(feeds([0n, 2n])))['logits']?.data).toEqual(Float32Array.of(3, 4));
    await session.release();
  });

  it('takes names of outputs, and a tensor that receives one', async () => {
    const session = await createSession(MODEL);
    const receiver = new Tensor('float32', new Float32Array(2), [1, 2]);
    await session.run(feeds([1n]), { logits: receiver });
    expect(receiver.data).toEqual(Float32Array.of(3, 4));
    expect(Object.keys(await session.run(feeds([1n]), ['logits']))).toEqual(['logits']);
    await session.release();
  });

  it('takes every option', async () => {
    const session = await createSession(MODEL, {
      device: 'cpu',
      intraOpThreads: 2,
      interOpThreads: 1,
      executionMode: 'parallel',
      enableCpuMemArena: false,
      enableMemPattern: false,
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
      config: { 'session.set_denormal_as_zero': '1' },
    });
    expect((await session.run(feeds([0n])))['logits']?.data).toEqual(Float32Array.of(1, 2));
    await session.release();
  });

  it('writes a profile when it is released', async () => {
    const dir = await temporaryFolder();
    const session = await createSession(MODEL, { profilePrefix: join(dir, 'trace') });
    await session.run(feeds([0n]));
    await session.release();
    expect(await readdir(dir)).toEqual([expect.stringMatching(/^trace_.*\.json$/)]);
  });

  it('refuses to run with an input missing, and after its release', async () => {
    const session = await createSession(MODEL);
    const { input_ids } = feeds([0n]);
    await expect(session.run({ input_ids })).rejects.toMatchObject({ code: 'RUN_FAILED' });
    await expect(session.run(feeds([99n]))).rejects.toMatchObject({ code: 'RUN_FAILED' });
    await session.release();
    await session.release();
    await expect(session.run(feeds([0n]))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('is not made from bytes that are no model', async () => {
    await expect(createSession(MODEL.subarray(0, 50))).rejects.toMatchObject({ code: 'SESSION_FAILED' });
  });

  it.runIf(missingCudaLibraries())('for CUDA is refused where its libraries are missing', async () => {
    await expect(createSession(MODEL, { device: 'cuda' })).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringContaining(missingCudaLibraries() ?? ''),
    });
  });
});

it('runtimeVersion is that of onnxruntime-node', () => {
  expect(runtimeVersion()).toMatch(/^1\.\d+\.\d+$/);
});

describe('ONNX Runtime', () => {
  it('keeps no identifier and sends no report', async () => {
    const home = await temporaryFolder();
    const model = join(home, 'model.onnx');
    await writeFile(model, MODEL);
    const program = `
      const { createSession } = await import(${JSON.stringify(pathToFileURL(join(PACKAGE, 'dist/index.js')))});
      const { readFileSync } = await import('node:fs');
      const session = await createSession(readFileSync(${JSON.stringify(model)}));
      await session.release();`;
    // Nothing of this environment: the runtime reports nothing where it sees CI.
    const env = { HOME: home, PATH: process.env['PATH'] };
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
    expect(await readdir(home)).toEqual(['model.onnx']);
  });
});
