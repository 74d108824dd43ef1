import { TINY_CASCADE_DRAFT, TINY_DRAFT, tinyFiles, tinyMembers, writeTinyWhole } from '@marquee/fixtures';
import { describe, expect, it } from 'vitest';

import {
  checkGoldenInputs,
  DEFAULT_GOLDEN_TOLERANCE,
  type GoldenTolerance,
  loadEngine,
  loadPlanner,
  type ManifestDraft,
  parseManifest,
  readManifest,
} from '../src/index.js';
import { shippedArtifact, temporaryFolder } from './support/folders.js';
import { writeTinyArtifact } from './support/tiny-artifact.js';

type Transformer = ManifestDraft<'transformer'>;

/** [CLS] good [SEP], whose logits are [-2, 2], and [CLS] bad [SEP]. */
const GOOD = { inputIds: [2, 10, 3], logits: { int8: [-2, 2] } };
const BAD = { inputIds: [2, 11, 3], logits: { int8: [2, -2] } };
const tolerate = (int8: number): GoldenTolerance => ({ int8, fp32: 0, reason: 'a test' });

async function check(draft: Partial<Transformer>) {
  const dir = await writeTinyArtifact(tinyFiles(), draft);
  const engine = await loadEngine(dir, { device: 'cpu', intraOpThreads: 1 });
  try {
    return await checkGoldenInputs(await loadPlanner(dir), engine);
  } finally {
    await engine.close();
  }
}

describe('golden inputs', () => {
  it('are right when their logits lie within the tolerance', async () => {
    const near = { ...BAD, logits: { int8: [2, -1.9375] } };
    expect(await check({ goldenInputs: [GOOD, near], goldenTolerance: tolerate(0.0625) })).toEqual({
      judged: 2,
      largestDistance: 0.0625,
    });
  });

  it('are refused by index and distance beyond it, and beyond the default where the manifest has none', async () => {
    const off = (distance: number) => ({ ...BAD, logits: { int8: [2 + distance, -2] } });
    await expect(check({ goldenInputs: [GOOD, off(0.125)], goldenTolerance: tolerate(0.0625) })).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      message: 'golden input 1: logits must lie within 0.0625 of the recorded ones, got a distance of 0.125',
    });
    expect(DEFAULT_GOLDEN_TOLERANCE.int8).toBe(0.3);
    await expect(check({ goldenInputs: [off(0.25)] })).resolves.toMatchObject({ judged: 1 });
    await expect(check({ goldenInputs: [off(0.5)] })).rejects.toMatchObject({ code: 'GOLDEN_MISMATCH' });
  });

  it('must keep their label, unless the recorded logits lie no further apart than the tolerance', async () => {
    const flipped = (by: number) => ({ ...GOOD, logits: { int8: [by, -by] } });
    await expect(check({ goldenInputs: [flipped(3)], goldenTolerance: tolerate(5) })).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      message: 'golden input 0: must keep its label, got the other one at a distance of 5',
    });
    await expect(check({ goldenInputs: [flipped(1.5)], goldenTolerance: tolerate(3.5) })).resolves.toMatchObject({
      largestDistance: 3.5,
    });
  });

  it('without logits of the graph that runs are not judged', async () => {
    expect(await check({ goldenInputs: [{ ...GOOD, logits: { fp32: [9, 9] } }] })).toEqual({
      judged: 0,
      largestDistance: 0,
    });
    expect(await check({})).toEqual({ judged: 0, largestDistance: 0 });
  });

  it('of a cascade are those of its transformers, by name', async () => {
    const { linear, transformer } = tinyMembers();
    if (!linear || !transformer) throw new Error('a bug of this test');
    const members = (goldenInputs: Transformer['goldenInputs']) => ({
      linear,
      transformer: { ...transformer, draft: { ...TINY_DRAFT, ...(goldenInputs && { goldenInputs }) } },
    });
    const load = async (goldenInputs: Transformer['goldenInputs']) => {
      const dir = await writeTinyWhole(await temporaryFolder(), TINY_CASCADE_DRAFT, members(goldenInputs));
      return { planner: await loadPlanner(dir), engine: await loadEngine(dir, { device: 'cpu', intraOpThreads: 1 }) };
    };
    const right = await load([GOOD, BAD]);
    expect(await checkGoldenInputs(right.planner, right.engine)).toEqual({ judged: 2, largestDistance: 0 });
    const wrong = await load([GOOD, { ...BAD, logits: GOOD.logits }]);
    await expect(checkGoldenInputs(wrong.planner, wrong.engine)).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      message: expect.stringMatching(/^golden input 1 of member "transformer": .* got a distance of 4$/),
    });
    await Promise.all([right.engine.close(), wrong.engine.close()]);
  });

  const shipped = shippedArtifact();
  it.skipIf(!shipped)('of the shipped model are right on this machine', async () => {
    const dir = shipped ?? '';
    const engine = await loadEngine(dir, { device: 'cpu', intraOpThreads: 1 });
    const { judged } = await checkGoldenInputs(await loadPlanner(dir), engine);
    expect(judged).toBeGreaterThan(0);
    await engine.close();
  });
});

it.each<[string, object]>([
  ['goldenInputs[0].inputIds must be token ids', { goldenInputs: [{ logits: {} }] }],
  ['goldenInputs[0].inputIds must be token ids', { goldenInputs: [{ ...GOOD, inputIds: [-1] }] }],
  ['goldenInputs[1].logits must be two numbers a graph', { goldenInputs: [GOOD, { ...GOOD, logits: { int8: [1] } }] }],
  ['goldenTolerance must hold int8 and fp32', { goldenTolerance: { int8: 1, reason: 'none' } }],
  ['goldenTolerance must hold int8 and fp32', { goldenTolerance: { int8: 1, fp32: -1, reason: 'none' } }],
  ['goldenTolerance must hold int8 and fp32 of at least 0 and a reason', { goldenTolerance: { int8: 1, fp32: 1 } }],
])('a manifest is refused: %s', async (message, changes) => {
  const manifest = await readManifest(await writeTinyArtifact());
  expect(() => parseManifest({ ...manifest, ...changes })).toThrow(
    expect.objectContaining({ code: 'INVALID_MANIFEST', message: expect.stringContaining(message) }),
  );
});
