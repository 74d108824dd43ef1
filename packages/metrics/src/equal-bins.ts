import { MetricsError } from './metrics-error.js';

/** Bins of equal width over [0, 1]. Each holds its upper edge and not its lower one, but for the first, which holds 0 as well. */
export interface EqualBins {
  readonly count: number;
  /** The edges of bin `index`. */
  edgesOf(index: number): { readonly from: number; readonly to: number };
  /** The bin of a number in [0, 1]. */
  indexOf(value: number): number;
}

/** Edges are k · (1 / count) in float64, as `numpy.linspace` gives them, so that numbers on an edge fall as in scikit-learn's `calibration_curve`. */
export function equalBins(count: number): EqualBins {
  if (!Number.isInteger(count) || count < 1) {
    throw new MetricsError('INVALID_OPTION', `bins must be a positive integer, got ${count}`);
  }
  const edge = (index: number): number => (index === count ? 1 : index * (1 / count));
  return {
    count,
    edgesOf: (index) => ({ from: edge(index), to: edge(index + 1) }),
    indexOf(value) {
      // Rounding can put the product one bin beside the edges.
      let index = Math.min(Math.max(Math.ceil(value * count) - 1, 0), count - 1);
      if (index > 0 && value <= edge(index)) index--;
      else if (value > edge(index + 1)) index++;
      return index;
    },
  };
}
