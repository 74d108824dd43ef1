import { expect, it } from 'vitest';

import * as metrics from '../src/index.js';

it('exports these names', () => {
  expect(Object.keys(metrics).sort()).toMatchInlineSnapshot(`
    [
      "CALIBRATION_BINS",
      "MetricsError",
      "accuracyEquivalence",
      "bootstrapIntervals",
      "classificationMetrics",
      "confidenceHistogram",
      "fitTemperature",
      "mcnemarExact",
      "pairedAccuracyInterval",
      "pairedBootstrap",
      "precisionRecallCurve",
      "reliabilityBins",
      "rocCurve",
      "temperProbability",
      "wilsonInterval",
    ]
  `);
});
