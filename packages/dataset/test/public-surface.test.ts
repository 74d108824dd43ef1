import { expect, it } from 'vitest';

import * as dataset from '../src/index.js';

it('exports these names', () => {
  expect(Object.keys(dataset).sort()).toMatchInlineSnapshot(`
    [
      "DatasetError",
      "NEAR_DUPLICATE_JACCARD",
      "SPLIT_PARTS",
      "applySplitRecord",
      "createRandom",
      "fileDigest",
      "findDuplicates",
      "findNearDuplicates",
      "findSeparatingWords",
      "formatReviews",
      "groupedSplit",
      "joinGroups",
      "paddingRatio",
      "parseSplitRecord",
      "planBatches",
      "planSortedBatches",
      "readReviews",
      "reportData",
      "requireBothClasses",
      "rowDigest",
      "stratifiedSplit",
      "visitRows",
      "visitTexts",
      "wordsOf",
    ]
  `);
});
