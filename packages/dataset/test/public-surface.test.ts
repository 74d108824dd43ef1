import { expect, it } from 'vitest';

import * as dataset from '../src/index.js';

it('exports these names', () => {
  expect(Object.keys(dataset).sort()).toMatchInlineSnapshot(`
    [
      "DatasetError",
      "createRandom",
      "fileDigest",
      "paddingRatio",
      "planBatches",
      "planSortedBatches",
      "readReviews",
      "rowDigest",
      "stratifiedSplit",
    ]
  `);
});
