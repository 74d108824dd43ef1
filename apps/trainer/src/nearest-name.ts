import { closest, distance } from 'fastest-levenshtein';

/** The name that was most likely meant by `word`; undefined where none is alike (more than two edits in five letters). */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const nearest = closest(word, names);
  return distance(word, nearest) <= 0.4 * Math.max(word.length, nearest.length) ? nearest : undefined;
}
