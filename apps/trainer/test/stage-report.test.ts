import { expect, test } from 'vitest';

import { describeStages, reportStages } from '../src/stage-report.js';

test('a report by stage counts what each answered and how much of it is right', () => {
  const stages = reportStages([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.5], ['linear', 'blend', 'blend', 'blend']);
  expect(stages).toMatchObject([
    { stage: 'linear', n: 1, coverage: 0.25, accuracy: 1 },
    { stage: 'blend', n: 3, coverage: 0.75, accuracy: 2 / 3 },
  ]);
  expect(describeStages('test', stages)).toEqual([
    'test: linear answered 1 reviews (25.00 %), 100.00 % of them right',
    'test: blend answered 3 reviews (75.00 %), 66.67 % of them right',
  ]);
});

test('a stage that answered nothing has no accuracy, and a model without stages has no report', () => {
  expect(reportStages([1], [0.9], ['blend'])[0]).toEqual({
    stage: 'linear',
    n: 0,
    coverage: 0,
    accuracy: null,
    accuracy_interval: null,
  });
  expect(reportStages([1], [0.9], [])).toEqual([]);
});
