import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { latestCheckpoint, loadCheckpoint } from '../src/checkpoint.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, observe, tinyOptions, train, weightsOf } from './support/tiny-training.js';

const mounted: string[] = [];
afterAll(() => {
  for (const dir of mounted) {
    execFileSync('umount', [dir]);
    rmSync(dir, { recursive: true });
  }
});

/** A file system of its own of so many KiB, or undefined where this user may not mount one. */
function mountDisk(kibibytes: number): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'trainer-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  mounted.push(dir);
  return dir;
}

const smallDisk = mountDisk(64);
const disk = mountDisk(4096);
if (!disk) process.stdout.write('skipped: full disks, since this user may not mount a tmpfs\n');

describe.skipIf(!disk || !smallDisk)('a disk that is full', () => {
  let base: { trainFile: string; modelNameOrPath: string };
  beforeAll(async () => {
    const root = await temporaryFolder();
    base = { trainFile: join(root, 'train.csv'), modelNameOrPath: await writeTinyModel(join(root, 'base')) };
    await writeCsv(base.trainFile, tinyRows(60));
  });

  test('is refused before the first step', async () => {
    let steps = 0;
    const options = tinyOptions({ ...base, outputDir: join(String(smallDisk), 'run') });
    const training = train(
      options,
      observe(() => (steps += 1)),
    );
    await expect(training).rejects.toThrow(
      /run: expected \d+ MB of free space for checkpoints and model, the disk has 0 MB/,
    );
    await expect(training).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    expect(steps).toBe(0);
  });

  test('while a checkpoint is written loses nothing: the one before is whole, and the resumed run equals an uninterrupted one', async () => {
    const outputDir = join(String(disk), 'run');
    const filler = join(String(disk), 'filler');
    const options = tinyOptions({ ...base, outputDir });
    const { progress } = observe(({ step }) => {
      if (step === 8) fillDisk(filler, 40_000); // room for the log, not for a checkpoint
    });
    const training = train(options, { progress, lines: [] });
    const { path } = { path: join(outputDir, 'checkpoint-6') };
    await expect(training).rejects.toThrow(
      `checkpoint-9: expected to write it, but the disk is full; ${path} is whole`,
    );
    expect(await latestCheckpoint(outputDir)).toBe(path);
    expect((await loadCheckpoint(path)).run.step).toBe(6);
    expect(existsSync(join(outputDir, 'checkpoint-9.tmp'))).toBe(false);

    rmSync(filler);
    await train({ ...options, resumeFromCheckpoint: true });
    const whole = tinyOptions({ ...base, outputDir: join(await temporaryFolder(), 'whole') });
    await train(whole);
    expect(await weightsOf(outputDir)).toEqual(await weightsOf(whole.outputDir));
    expect(await logOf(outputDir)).toEqual(await logOf(whole.outputDir));
  });
});

/** Writes until the disk is full, then gives some bytes back. */
function fillDisk(path: string, spareBytes: number): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) if (writeSync(file, block) < block.length) break;
  } catch {
    // ENOSPC: full
  }
  ftruncateSync(file, Math.max(0, statSync(path).size - spareBytes));
  closeSync(file);
}
