import { describe, expect, it } from 'vitest';

import { slope } from '../src/slope.js';

describe('slope', () => {
  it('is that of the line that the points lie on', () => expect(slope([0, 1, 2, 5], [7, 10, 13, 22])).toBeCloseTo(3));
  it('is 0 for what goes up and down alike', () => expect(slope([0, 1, 2, 3], [1, 2, 2, 1])).toBeCloseTo(0));

  it('does not turn with a point that is far off', () => {
    expect(slope([0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 600])).toBeCloseTo(1);
  });

  it('is NaN where one x decides nothing', () => {
    expect(slope([1], [5])).toBeNaN();
    expect(slope([2, 2], [1, 5])).toBeNaN();
  });
});
