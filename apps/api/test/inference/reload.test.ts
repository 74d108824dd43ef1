import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TINY_DRAFT, tinyFiles, tinyGraph, tinyTable } from '@marquee/fixtures';
import { writeManifest } from '@marquee/model-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ModelService } from '../../src/index.js';
import { writeTinyArtifact } from '../support/artifact.js';
import type { TemporaryArtifact } from '../support/artifact.js';
import { isRunning } from '../support/processes.js';
import { createTinyModelService, predictAll, until } from '../support/service.js';

const GRAPH = 'onnx/model_quantized.onnx';

let artifact: TemporaryArtifact;
let service: ModelService;
let reloads: string[];
beforeEach(async () => {
  artifact = await writeTinyArtifact();
  reloads = [];
  await put('upright');
  service = createTinyModelService(artifact.dir, {
    processes: 2,
    observer: { onReload: (outcome) => reloads.push(outcome) },
  });
  await service.start().ready;
});
afterEach(async () => {
  await service.close();
  await artifact[Symbol.asyncDispose]();
});

/** Writes a model into the folder: for the one "good" is positive, for the other negative. */
async function put(version: 'upright' | 'inverted'): Promise<void> {
  const sign = version === 'upright' ? 1 : -1;
  await writeFile(join(artifact.dir, GRAPH), tinyGraph(tinyTable().map((weight) => sign * weight)));
  await writeManifest(artifact.dir, { ...TINY_DRAFT, version }, tinyFiles().keys());
}

const SENTIMENT_OF_GOOD: Readonly<Record<string, string>> = { upright: 'positive', inverted: 'negative' };

describe('a reload', () => {
  test('serves what the folder holds now, from new processes alone', async () => {
    const old = service.processIds;
    await put('inverted');
    expect(await service.reload()).toMatchObject({ version: 'inverted', path: 'artifacts/tiny' });
    expect(service.model?.version).toBe('inverted');
    expect(await predictAll(service, ['good'])).toMatchObject([{ sentiment: 'negative', modelVersion: 'inverted' }]);
    await until(() => service.processIds.length === 2);
    expect(old.filter(isRunning)).toEqual([]);
    expect(reloads).toEqual(['succeeded']);
  });

  test('leaves the requests that were let in to the model before', async () => {
    const old = service.processIds;
    for (const pid of old) process.kill(pid, 'SIGSTOP');
    const early = predictAll(service, Array(8).fill('good'));
    await put('inverted');
    await service.reload();
    expect(await predictAll(service, ['good'])).toMatchObject([{ modelVersion: 'inverted' }]);
    for (const pid of old) process.kill(pid, 'SIGCONT');
    expect(await early).toEqual(
      Array(8).fill(expect.objectContaining({ sentiment: 'positive', modelVersion: 'upright' })),
    );
    await until(() => !old.some(isRunning));
  });

  test('answers every request by one version, while the two change places under load', async () => {
    let isOver = false;
    const versions = new Set<string>();
    const client = async (): Promise<void> => {
      while (!isOver) {
        const predictions = await predictAll(service, ['good', 'good', 'good']);
        const [version = ''] = new Set(predictions.map(({ modelVersion }) => modelVersion));
        versions.add(version);
        expect(predictions.map(({ sentiment }) => sentiment)).toEqual(Array(3).fill(SENTIMENT_OF_GOOD[version]));
      }
    };
    const clients = [client(), client(), client()];
    for (const version of ['inverted', 'upright', 'inverted'] as const) {
      await put(version);
      await service.reload();
    }
    isOver = true;
    await Promise.all(clients);
    expect([...versions].sort()).toEqual(['inverted', 'upright']);
    await until(() => service.processIds.length === 2);
  });

  test('of a damaged model leaves the old one, and says which file it is', async () => {
    const old = service.processIds;
    await writeFile(join(artifact.dir, GRAPH), 'damaged');
    await expect(service.reload()).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      status: 409,
      message: expect.stringContaining(GRAPH),
    });
    expect(await predictAll(service, ['good'])).toMatchObject([{ sentiment: 'positive', modelVersion: 'upright' }]);
    expect(service.processIds).toEqual(old);
    expect(service.unreadiness).toBeUndefined();
    expect(reloads).toEqual(['failed']);
  });

  test('that the end of the server cuts off is neither refused nor counted', async () => {
    const reload = service.reload();
    await until(() => service.processIds.length > 2); // it has begun
    service.drain(performance.now() + 60_000);
    await expect(reload).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(reloads).toEqual([]);
  });

  test('of a model whose golden inputs come out wrong leaves the old one, too', async () => {
    const goldenInputs = [{ inputIds: [2, 10, 3], logits: { int8: [2, -2] } }]; // [CLS] good [SEP]
    await writeManifest(artifact.dir, { ...TINY_DRAFT, version: 'wrong', goldenInputs }, tinyFiles().keys());
    await expect(service.reload()).rejects.toMatchObject({ code: 'MODEL_REFUSED' });
    expect(service.model?.version).toBe('upright');
  });

  test('follows a symbolic link, which can be swapped at any time: until then lost processes come back', async () => {
    await using next = await writeTinyArtifact();
    await writeManifest(next.dir, { ...TINY_DRAFT, version: 'next' }, tinyFiles().keys());
    const link = `${artifact.dir}-link`;
    await symlink(artifact.dir, link);
    const linked = createTinyModelService(link);
    await linked.start().ready;
    await rm(link);
    await symlink(next.dir, link);
    const [pid = 0] = linked.processIds;
    process.kill(pid, 'SIGKILL');
    await until(() => linked.unreadiness !== undefined);
    await until(() => linked.unreadiness === undefined);
    expect(await predictAll(linked, ['good'])).toMatchObject([{ modelVersion: 'upright' }]);
    expect(await linked.reload()).toMatchObject({ version: 'next' });
    await linked.close();
    await rm(link);
  });

  test('that is asked for while the first model is loaded begins after it', async () => {
    const early = createTinyModelService(artifact.dir, { observer: { onReload: (outcome) => reloads.push(outcome) } });
    const { ready } = early.start();
    await early.reload();
    await ready;
    await until(() => early.processIds.length === 1);
    expect(reloads).toEqual(['succeeded']);
    await early.close();
  });

  test('that is asked for while one runs begins after it, once for all who ask', async () => {
    const first = service.reload();
    await until(() => service.processIds.length > 2); // it has begun
    const second = service.reload();
    const third = service.reload();
    await put('inverted');
    const answers = await Promise.allSettled([first, second, third]);
    expect(answers.slice(1)).toMatchObject(Array(2).fill({ status: 'fulfilled', value: { version: 'inverted' } }));
    expect(reloads).toHaveLength(2);
  });
});
