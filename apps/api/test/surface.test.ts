import { expect, test } from 'vitest';
import * as api from '../src/index.js';

test('the public names of the package are these', () => {
  expect(Object.keys(api).sort()).toEqual([
    'ExplainerPool',
    'ModelService',
    'buildOpenApiDocument',
    'createMetrics',
    'createServer',
  ]);
});
