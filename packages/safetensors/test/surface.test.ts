import { expect, it } from 'vitest';

import * as surface from '../src/index.js';

it('the package exports exactly these values', () => {
  expect(Object.keys(surface).sort()).toEqual([
    'MAX_HEADER_BYTES',
    'SafetensorsError',
    'decodeSafetensors',
    'encodeSafetensors',
    'fromFloat32',
    'isSafetensorsDtype',
    'toFloat32',
  ]);
});
