import { createRandom } from '@marquee/dataset';
import { describe, expect, test } from 'vitest';

import { calibrate, describeCalibration, describeEffect, divideLogits, reportCalibration } from '../src/calibration.js';

/** Labels drawn with the probabilities of margins from −4 to 4; the margins are then `scale` times too large. */
function drawn(rows: number, scale: number) {
  const random = createRandom(5);
  const margins: number[] = [];
  const labels: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const margin = 8 * random.float() - 4;
    margins.push(scale * margin);
    labels.push(random.float() < 1 / (1 + Math.exp(-margin)) ? 1 : 0);
  }
  return { labels, margins };
}

describe('calibrate', () => {
  test('finds by how much the logits are too large', () => {
    const { temperature, rows, reason } = calibrate(drawn(4000, 3));
    expect(temperature).toBeGreaterThan(2.7);
    expect(temperature).toBeLessThan(3.3);
    expect({ rows, reason }).toEqual({ rows: 4000, reason: undefined });
  });

  test('leaves the logits as they are, and says why, where nothing can be fitted', () => {
    expect(calibrate(undefined)).toEqual({ temperature: 1, rows: 0, reason: 'there are no validation reviews' });
    const few = calibrate(drawn(99, 3));
    expect(few).toEqual({ temperature: 1, rows: 99, reason: 'expected at least 100 validation reviews, got 99' });
    const { labels } = drawn(200, 1);
    const allRight = calibrate({ labels, margins: labels.map((label) => 2 * label - 1) });
    expect(allRight).toMatchObject({ temperature: 1, reason: expect.stringContaining('they are all right') });
    const chance = calibrate({ labels: [...labels.keys()].map((row) => row % 2), margins: labels.map(() => 1) });
    expect(chance).toMatchObject({ temperature: 1, reason: expect.stringContaining('do not tell the labels apart') });
    expect(describeCalibration(few)).toBe(
      'probabilities are not calibrated: expected at least 100 validation reviews, got 99',
    );
  });
});

describe('divideLogits', () => {
  test('divides the classifier and nothing else', () => {
    const weight = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
    const weights = new Map([
      ['pre_classifier.weight', weight(1, 2)],
      ['classifier.weight', weight(3, 4)],
      ['classifier.bias', weight(-1)],
    ]);
    const divided = divideLogits(weights, 2);
    expect([...divided.values()].map(({ data }) => [...data])).toEqual([[1, 2], [1.5, 2], [-0.5]]);
    expect([...divideLogits(weights, 1)]).toEqual([...weights]);
  });
});

describe('reportCalibration', () => {
  test('has the figures of the undivided logits beside those of the divided ones', () => {
    const { labels, margins } = drawn(4000, 3);
    const calibrated = Float64Array.from(margins, (margin) => 1 / (1 + Math.exp(-margin / 3)));
    const { before, after } = reportCalibration(labels, calibrated, 3);
    expect(before.expected_calibration_error).toBeGreaterThan(0.05);
    expect(after.expected_calibration_error).toBeLessThan(0.03);
    expect(after.log_loss).toBeLessThan(before.log_loss);
    expect(after.brier).toBeLessThan(before.brier);
    expect(describeEffect('test, int8', { before, after })).toMatch(
      /^test, int8: expected calibration error 0\.\d{4} before calibration, 0\.0\d{3} after$/,
    );
  });
});
