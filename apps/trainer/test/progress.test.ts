import { describe, expect, test } from 'vitest';

import { createProgress, formatSeconds } from '../src/progress.js';

function streamOf(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  let time = 0;
  const progress = createProgress({ isTTY, columns, write: (text) => written.push(text) }, () => time);
  return { written, progress, at: (ms: number) => (time = ms) };
}

const step = (number: number) => ({
  step: number,
  totalSteps: 100,
  loss: 0.51234,
  tokensPerSecond: 1234.5,
  secondsLeft: 3725,
});

describe('progress on a terminal', () => {
  test('is one line drawn over, with step, loss, tokens/s and time left', () => {
    const { written, progress } = streamOf(true);
    progress.step(step(50));
    expect(written).toEqual(['\r\x1b[2K[========        ] step 50/100  loss 0.5123  1235 tokens/s  1:02:05 left']);
  });

  test('is drawn at most ten times a second, and at the end', () => {
    const { written, progress, at } = streamOf(true);
    for (let number = 1; number <= 100; number += 1) {
      at(number * 10);
      progress.step(step(number));
    }
    expect(written).toHaveLength(11);
    expect(written.at(-1)).toContain('step 100/100');
  });

  test('is cut to the width of the terminal, so that it stays one line', () => {
    const { written, progress } = streamOf(true, 40);
    progress.step(step(50));
    expect(written[0]?.replace('\r\x1b[2K', '')).toHaveLength(39);
  });

  test('makes room for a line of its own', () => {
    const { written, progress } = streamOf(true);
    progress.step(step(50));
    progress.say('validation');
    progress.say('again');
    progress.done();
    expect(written.slice(1)).toEqual(['\r\x1b[2K', 'validation\n', 'again\n']);
  });
});

describe('progress elsewhere', () => {
  test('is a line every half minute, and at the end, without control characters', () => {
    const { written, progress, at } = streamOf(false);
    for (let number = 1; number <= 100; number += 1) {
      at(number * 1000);
      progress.step(step(number));
    }
    progress.done();
    expect(written.map((line) => line.split('  ')[0])).toEqual([
      'step 1/100',
      'step 31/100',
      'step 61/100',
      'step 91/100',
      'step 100/100',
    ]);
    expect(written[0]).toBe('step 1/100  loss 0.5123  1235 tokens/s  1:02:05 left\n');
  });
});

test('formatSeconds gives hours, minutes and seconds', () => {
  expect([0, 59.6, 3599, 360_000].map(formatSeconds)).toEqual(['0:00:00', '0:01:00', '0:59:59', '100:00:00']);
});
