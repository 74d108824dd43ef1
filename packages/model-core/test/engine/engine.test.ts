import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { TINY_LINEAR_DRAFT, TINY_VOCAB_SIZE, tinyLinearFiles, writeArtifact, writeTinyWhole } from '@marquee/fixtures';
import { describe, expect, it } from 'vitest';

import { loadClassifier, loadEngine, loadPlanner } from '../../src/index.js';
import { temporaryFolder } from '../support/folders.js';
import { writeTinyArtifact } from '../support/tiny-artifact.js';

const CPU = { device: 'cpu', intraOpThreads: 1 } as const;

describe('an engine', () => {
  it('runs a transformer under the empty name, and refuses other members and ids', async () => {
    const engine = await loadEngine(await writeTinyArtifact(), CPU);
    const good = 10;
    expect(await engine.run({ member: '', inputIds: Int32Array.of(2, good, 3) })).toEqual(Float32Array.of(-2, 2));
    const refused = [
      { member: 'transformer', inputIds: Int32Array.of(2) },
      { member: '', inputIds: new Int32Array(0) },
      { member: '', inputIds: Int32Array.of(TINY_VOCAB_SIZE) },
    ];
    for (const run of refused) await expect(engine.run(run)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(engine.info).toMatchObject({
      device: 'cpu',
      graph: 'int8',
      members: { '': { device: 'cpu', graph: 'int8' } },
    });
    await engine.close();
  });

  it('runs the transformers of a cascade by name, without its linear model and tokenizer', async () => {
    const dir = await writeTinyWhole(await temporaryFolder());
    const planner = await loadPlanner(dir);
    const classifier = await loadClassifier(dir, CPU);
    for (const file of ['linear/linear.safetensors', 'transformer/tokenizer.json'])
      await rm(join(dir, 'members', file));
    const engine = await loadEngine(dir, CPU);
    expect(Object.keys(engine.info.members)).toEqual(['transformer']);
    for (const text of ['good', 'the film was fine', 'good bad']) {
      const plan = planner.plan(text);
      const logits = [];
      for (const run of plan.runs) logits.push(await engine.run(run));
      expect([plan.conclude(logits)]).toEqual(await classifier.predict([text]));
    }
    await Promise.all([engine.close(), classifier.close()]);
  });

  it('has no session for a linear model', async () => {
    const dir = await temporaryFolder();
    await writeArtifact(dir, tinyLinearFiles(), TINY_LINEAR_DRAFT);
    const engine = await loadEngine(dir, CPU);
    expect(engine.info).toMatchObject({ device: 'cpu', members: {} });
    expect('graph' in engine.info).toBe(false);
    await expect(engine.run({ member: '', inputIds: Int32Array.of(2) })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    await engine.close();
  });

  it('refuses runs that wait when it is closed, and later ones', async () => {
    const engine = await loadEngine(await writeTinyArtifact(), CPU);
    const run = { member: '', inputIds: Int32Array.of(2, 3) };
    const waiting = [engine.run(run), engine.run(run)];
    const refusals = waiting.map((answer) => expect(answer).rejects.toMatchObject({ code: 'CLOSED' }));
    await Promise.all([engine.close(), ...refusals]);
    await expect(engine.run(run)).rejects.toMatchObject({ code: 'CLOSED' });
    await engine.close();
  });
});
