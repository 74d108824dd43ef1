import { expect, it } from 'vitest';

import * as metrics from '../src/index.js';

it('exports these names', () => {
  expect(Object.keys(metrics).sort()).toMatchInlineSnapshot(`
    [
      "MetricsError",
      "bootstrapIntervals",
      "classificationMetrics",
      "wilsonInterval",
    ]
  `);
});
