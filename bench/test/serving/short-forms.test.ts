import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TINY_DRAFT, tinyFiles, writeArtifact } from '@marquee/fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Compiled: Node starts their processes, and does not run TypeScript.
import { hostile } from '../../dist/serving/hostile.js';
import { kills } from '../../dist/serving/kills.js';
import { overload } from '../../dist/serving/overload.js';
import type { BenchContext, Scenario } from '../../dist/serving/scenario.js';
import { stops } from '../../dist/serving/stops.js';
import { swaps } from '../../dist/serving/swaps.js';

const TIMEOUT_MS = 300_000;

/** The service as its users start it, with a tiny model, for seconds instead of minutes. No times are held to anything: those are figures. */
describe.runIf(process.platform === 'linux')('the service under load', () => {
  let context: BenchContext;
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'marquee-bench-test-'));
    const model = join(dir, 'tiny');
    await writeArtifact(model, tinyFiles(), TINY_DRAFT);
    const texts = ['good', 'bad', 'great good', 'bad bad', 'a good film, and a bad one'];
    context = {
      pairs: 1,
      seconds: 1,
      hurry: 50,
      shapes: [],
      python: undefined,
      distilbert: undefined,
      model,
      models: { transformerDir: model, artifact: unused, transformersJs: unused },
      reviews: { source: 'five texts', blocks: [texts.map((text) => ({ text }))] },
      dir,
      disturbances: [],
      say: () => undefined,
    };
  });
  afterAll(() => rm(context.dir, { recursive: true, force: true }));

  /** What was measured, by what was claimed. */
  async function measure({ run }: Scenario): Promise<Record<string, string>> {
    return Object.fromEntries((await run(context)).findings.map(({ what, measured }) => [what, measured]));
  }

  it(
    'answers all that it has accepted before it ends of SIGTERM, and leaves no process behind',
    async () => {
      expect(await measure(stops)).toEqual({
        'stops: accepted requests that failed': '0',
        'stops: exit codes': '0',
        'stops: processes left behind': '0',
      });
    },
    TIMEOUT_MS,
  );

  it(
    'answers every request while an inference process is killed, and replaces it',
    async () => {
      const measured = await measure(kills);
      expect(measured['kills: the server lives']).toBe('yes');
      expect(measured['kills: requests neither answered nor 503']).toBe('0');
      expect(measured['kills: inference processes in the end']).toMatch(/^(\d+) of \1$/);
    },
    TIMEOUT_MS,
  );

  it(
    'swaps models under load without a failure, every answer that of its version',
    async () => {
      const measured = await measure(swaps);
      expect(measured['swaps: requests not answered 200']).toBe('0');
      expect(measured['swaps: answers that are not their version’s']).toMatch(/^0 of [1-9]/);
    },
    TIMEOUT_MS,
  );

  it(
    'answers or refuses whatever arrives when more arrives than it can answer',
    async () => expect((await measure(overload))['overload, transformer: neither answered nor 503']).toBe('0'),
    TIMEOUT_MS,
  );

  it(
    'answers every hostile request 4xx, and ordinary ones as before afterwards',
    async () => {
      const measured = await measure(hostile);
      expect(measured['hostile: not answered 4xx']).toBe('0');
      expect(measured['hostile: answers as before afterwards']).toBe('yes');
    },
    TIMEOUT_MS,
  );
});

const unused = (): never => {
  throw new Error('the short forms make no models');
};
