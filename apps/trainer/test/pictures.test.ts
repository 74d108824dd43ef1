import { createCanvas, loadImage } from '@napi-rs/canvas';
import { beforeAll, describe, expect, test } from 'vitest';

import { drawDetails } from '../src/pictures/details-picture.js';
import { drawEvaluation, type EvaluationData } from '../src/pictures/evaluation-picture.js';
import { drawExploration, type ExplorationData } from '../src/pictures/exploration-picture.js';
import { FIGURE_WIDTH } from '../src/pictures/figure.js';
import { drawSearch } from '../src/pictures/search-picture.js';
import { drawTraining, type TrainingCurves } from '../src/pictures/training-picture.js';

const EXPLORATION: ExplorationData = {
  subject: 'reviews.csv',
  labels: Array.from({ length: 60 }, (_, row) => row % 2),
  characters: Array.from({ length: 60 }, (_, row) => 100 + 17 * row),
  words: Array.from({ length: 60 }, (_, row) => 20 + 3 * row),
  tokens: Array.from({ length: 60 }, (_, row) => 25 + 4 * row),
  maxSeqLength: 128,
};

const EVALUATION: EvaluationData = {
  subject: 'a model',
  confusionMatrix: [
    [40, 10],
    [5, 45],
  ],
  roc: { points: [point(0, 0), point(0.1, 0.8), point(1, 1)], auc: 0.87 },
  precisionRecall: { points: [point(0, 1), point(0.8, 0.9), point(1, 0.5)], averagePrecision: 0.91 },
  reliability: [
    {
      name: 'before',
      expectedCalibrationError: 0.05,
      bins: [
        { x: 0.1, y: 0.2, count: 50 },
        { x: 0.9, y: 0.8, count: 50 },
      ],
    },
    {
      name: 'after',
      expectedCalibrationError: 0.01,
      bins: [
        { x: 0.2, y: 0.2, count: 50 },
        { x: 0.8, y: 0.8, count: 50 },
      ],
    },
  ],
};

const TRAINING: TrainingCurves = {
  subject: 'a run',
  steps: Array.from({ length: 30 }, (_, index) => {
    return { step: index + 1, loss: 1 / (index + 1), learningRate: 1e-5 * index, gradientNorm: 2 };
  }),
  evaluations: [
    { step: 15, loss: 0.3, metric: 0.9 },
    { step: 30, loss: 0.4, metric: 0.8 },
  ],
  metricName: 'F1',
  chosenStep: 15,
  maxGradNorm: 1,
};

function point(x: number, y: number): { x: number; y: number } {
  return { x, y };
}

const PICTURES = {
  exploration: () => drawExploration(EXPLORATION),
  evaluation: () => drawEvaluation(EVALUATION),
  training: () => drawTraining(TRAINING),
  search: () =>
    drawSearch({
      subject: '3 trials, one held-out part',
      metricName: 'F1',
      options: [
        { name: 'learning-rate', scale: 'logarithmic' },
        { name: 'truncation', scale: { categories: ['head', 'tail'] } },
      ],
      trials: [
        { values: [5e-5, 0], scores: [{ rows: 10, score: 0.8 }], isBest: false },
        { values: [undefined, 1], scores: [], isBest: false },
        { values: [1e-4, 1], scores: [{ rows: 10, score: 0.7 }, { rows: 30, score: 0.9 }], isBest: true }, // prettier-ignore
      ],
    }),
  details: () =>
    drawDetails({
      subject: 'a model',
      confidence: [{ from: 0.5, to: 1, right: 8, wrong: 2 }],
      lengths: [{ name: '1–63', n: 10, accuracy: 0.8, interval: [0.5, 0.94] }],
      lengthUnit: 'tokens',
    }),
};

describe.each(Object.entries(PICTURES))('the picture of %s', (_, draw) => {
  test('is a PNG of at least 1,600 pixels across, the same bytes each time', async () => {
    const png = await draw();
    expect(await draw()).toEqual(png);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect((await loadImage(png)).width).toBe(FIGURE_WIDTH);
    expect(FIGURE_WIDTH).toBeGreaterThanOrEqual(1600);
  });
});

/** Which quarters of two pictures differ, in reading order. */
async function changedPanels(first: Uint8Array, second: Uint8Array): Promise<boolean[]> {
  const [a, b] = await Promise.all([first, second].map(pixelsOf));
  if (!a || !b) throw new Error('both pictures have pixels');
  const changed = [false, false, false, false];
  for (let i = 0; i < a.data.length; i += 4) {
    if (a.data[i] === b.data[i] && a.data[i + 1] === b.data[i + 1]) continue;
    const x = (i / 4) % a.width;
    const y = Math.floor(i / 4 / a.width);
    changed[2 * Number(y > a.height / 2) + Number(x > a.width / 2)] = true;
  }
  return changed;
}

async function pixelsOf(png: Uint8Array) {
  const image = await loadImage(png);
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}

describe('a number shows in its panel, and nowhere else:', () => {
  let evaluation: Uint8Array;
  beforeAll(async () => {
    evaluation = await drawEvaluation(EVALUATION);
  });

  test('a count of the confusion matrix', async () => {
    const confusionMatrix = [[41, 9], [5, 45]]; // prettier-ignore
    const changed = await changedPanels(evaluation, await drawEvaluation({ ...EVALUATION, confusionMatrix }));
    expect(changed).toEqual([true, false, false, false]);
  });

  test('the area under the ROC curve', async () => {
    const roc = { ...EVALUATION.roc, auc: 0.88 };
    const changed = await changedPanels(evaluation, await drawEvaluation({ ...EVALUATION, roc }));
    expect(changed).toEqual([false, true, false, false]);
  });

  test('the calibration error', async () => {
    const reliability = EVALUATION.reliability.map((curve) => ({ ...curve, expectedCalibrationError: 0.02 }));
    const changed = await changedPanels(evaluation, await drawEvaluation({ ...EVALUATION, reliability }));
    expect(changed).toEqual([false, false, false, true]);
  });

  test('the cut of the tokens', async () => {
    const cut = await drawExploration({ ...EXPLORATION, maxSeqLength: 64 });
    expect(await changedPanels(await drawExploration(EXPLORATION), cut)).toEqual([false, false, false, true]);
  });
});

describe('the chosen step', () => {
  test('is marked in every panel of a training', async () => {
    const unmarked = await drawTraining({ ...TRAINING, chosenStep: undefined });
    expect(await changedPanels(await drawTraining(TRAINING), unmarked)).toEqual([true, true, true, true]);
  });
});

describe('degenerate data are drawn, too:', () => {
  test('reviews of one label, whose curves are not defined', async () => {
    const empty = { points: [], auc: null };
    const data = { ...EVALUATION, confusionMatrix: [[3, 0], [0, 0]], roc: empty, precisionRecall: { points: [], averagePrecision: null }, reliability: [] }; // prettier-ignore
    expect((await loadImage(await drawEvaluation(data))).width).toBe(FIGURE_WIDTH);
  });

  test('a training without validation, of one step', async () => {
    const steps = TRAINING.steps.slice(0, 1);
    const curves = { ...TRAINING, steps, evaluations: [], chosenStep: undefined };
    expect((await loadImage(await drawTraining(curves))).width).toBe(FIGURE_WIDTH);
  });

  test('a single review', async () => {
    const one = { ...EXPLORATION, labels: [1], characters: [5], words: [1], tokens: [3] };
    expect((await loadImage(await drawExploration(one))).width).toBe(FIGURE_WIDTH);
  });
});
