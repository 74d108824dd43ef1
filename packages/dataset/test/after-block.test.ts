import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { visitRows } from '../src/index.js';

const ROWS = 4000;
const TEXT = 'a film '.repeat(120);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'after-block-'));
  const rows = Array.from({ length: ROWS }, (_, row) => `${row} ${TEXT}`);
  await writeFile(join(dir, 'large.csv'), ['review', ...rows.map((text) => `"${text}"`)].join('\n'));
  await writeFile(join(dir, 'large.jsonl'), rows.map((review) => JSON.stringify({ review })).join('\n'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each(['large.csv', 'large.jsonl'])('the rows of %s', (name) => {
  const visit = (maxRows: number, afterBlock: () => Promise<void>, onRow: () => void): Promise<void> =>
    visitRows(join(dir, name), { columns: ['review'], maxRows, afterBlock }, onRow);

  test('wait for the work on the rows before them', async () => {
    let isWorking = false;
    let waiting = 0;
    const done: number[] = [];
    await visit(
      Infinity,
      async () => {
        isWorking = true;
        await new Promise((resolve) => setImmediate(resolve));
        done.push(waiting);
        waiting = 0;
        isWorking = false;
      },
      () => {
        expect(isWorking).toBe(false);
        waiting++;
      },
    );
    expect(done.reduce((sum, count) => sum + count, 0)).toBe(ROWS);
    expect(done.filter((count) => count > 0).length).toBeGreaterThan(2);
    expect(waiting).toBe(0);
  });

  test('are worked on to the last where only the first are wanted', async () => {
    let waiting = 0;
    let worked = 0;
    const work = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      worked += waiting;
      waiting = 0;
    };
    await visit(5, work, () => waiting++);
    expect(worked).toBe(5);
  });

  test('end with the error of a row in a later block', async () => {
    let row = 0;
    const onRow = (): void => {
      if (++row === ROWS - 1) throw new Error('the row is wrong');
    };
    await expect(visit(Infinity, () => setTimeout(20), onRow)).rejects.toThrow('the row is wrong');
  });

  test('end with the error of the work', async () => {
    const work = (): Promise<void> => Promise.reject(new Error('the work failed'));
    await expect(visit(Infinity, work, () => undefined)).rejects.toThrow('the work failed');
  });
});
