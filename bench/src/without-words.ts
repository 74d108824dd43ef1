/** A text without some of its words, which are given by their places, in any order. */
export function withoutWords(text: string, words: readonly { readonly start: number; readonly end: number }[]): string {
  let left = '';
  let position = 0;
  for (const { start, end } of words.toSorted((a, b) => a.start - b.start)) {
    left += text.slice(position, start);
    position = end;
  }
  return left + text.slice(position);
}
