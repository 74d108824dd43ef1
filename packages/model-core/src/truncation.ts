/** Which end of a too long review is kept: its first tokens, its last, or as many of each (`head` gets the odd one). */
export const TRUNCATIONS = ['head', 'tail', 'head+tail'] as const;
export type Truncation = (typeof TRUNCATIONS)[number];

/** Cuts token ids (without special tokens) to `limit`. Training, serving and evaluation all cut here. */
export function truncateIds(ids: readonly number[], limit: number, truncation: Truncation): readonly number[] {
  if (ids.length <= limit) return ids;
  switch (truncation) {
    case 'head':
      return ids.slice(0, limit);
    case 'tail':
      return ids.slice(ids.length - limit);
    case 'head+tail': {
      const head = Math.ceil(limit / 2);
      return [...ids.slice(0, head), ...ids.slice(ids.length - (limit - head))];
    }
  }
}
