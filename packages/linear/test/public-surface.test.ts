import { expect, it } from 'vitest';

import * as surface from '../src/index.js';

it('the package exports exactly these values', () => {
  expect(Object.keys(surface).sort()).toEqual([
    'BUCKET_COUNT',
    'LinearError',
    'decodeLinearModel',
    'encodeLinearModel',
    'fitLinearModel',
    'hashNgrams',
    'scoreText',
    'scoreWords',
    'shareAmongWords',
    'splitWords',
  ]);
});
