import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { visitRows } from '../src/index.js';
import type * as textBlocks from '../src/text-blocks.js';

const counts = vi.hoisted(() => ({ read: 0 }));
vi.mock('../src/text-blocks.js', async (importOriginal) => {
  const original = await importOriginal<typeof textBlocks>();
  return {
    ...original,
    async *readTextBlocks(file: string) {
      for await (const block of original.readTextBlocks(file)) {
        counts.read++;
        yield block;
      }
    },
  };
});

const BLOCKS = 16;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'read-ahead-'));
  await writeFile(join(dir, 'large.csv'), `review\n${`${'a film '.repeat(150)}\n`.repeat(1000 * BLOCKS)}`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('of a CSV file no more is read than will be worked on soon, whatever its size', async () => {
  const ahead: number[] = [];
  const work = async (): Promise<void> => {
    await setTimeout(20);
    ahead.push(counts.read - ahead.length);
  };
  await visitRows(
    join(dir, 'large.csv'),
    { columns: ['review'], maxRows: Infinity, afterBlock: work },
    () => undefined,
  );
  expect(ahead.length).toBeGreaterThanOrEqual(BLOCKS);
  expect(Math.max(...ahead)).toBeLessThanOrEqual(4);
});
