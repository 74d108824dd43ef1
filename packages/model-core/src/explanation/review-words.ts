/** A word of a review with its place, in UTF-16 units. */
export interface ReviewWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What a member of a model makes of a text, in order: token ids, or words of its own. */
export type Reading = (text: string) => readonly (number | string)[];

export interface AlignedWords {
  readonly words: readonly ReviewWord[];
  /** For each reading, what every word became: one after the other they are what the whole text becomes. */
  readonly pieces: readonly (readonly (readonly (number | string)[])[])[];
}

/** Letters and digits with their marks, and apostrophes inside; any other visible character with what is joined to it is a word of its own. */
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{N}](?:\p{M}|\u200d\S)*/gu;
/** BERT deletes form feed, vertical tab and U+FEFF, which `\s` counts as white space: they part nothing there. */
const CHUNK = /(?:\S|[\f\v\ufeff])+/g;
/** Read as a space by every model of this project. */
const LINE_BREAK = '<br />';

/**
 * Words of a text such that each reading of the text is the readings of its words in order. Where a tokenizer sees across a border of words (a final sigma, say)
 * the words between two spaces are one, and if even that does not hold, the whole text is.
 */
export function alignWords(text: string, readings: readonly Reading[]): AlignedWords {
  const spaced = text.replaceAll(LINE_BREAK, ' '.repeat(LINE_BREAK.length)); // as long as before: places stay
  const words = findAll(CHUNK, spaced).flatMap((chunk) => {
    const fine = findAll(WORD, chunk.text, chunk.start);
    return isExact(chunk.text, fine, readings) ? fine : [chunk];
  });
  const chosen = isExact(text, words, readings) ? words : wholeOf(spaced);
  return { words: chosen, pieces: readings.map((read) => chosen.map((word) => read(word.text))) };
}

function findAll(pattern: RegExp, text: string, offset = 0): ReviewWord[] {
  return Array.from(text.matchAll(pattern), ({ 0: found, index }) => {
    const start = offset + index;
    return { text: found, start, end: start + found.length };
  });
}

function isExact(text: string, words: readonly ReviewWord[], readings: readonly Reading[]): boolean {
  return readings.every((read) => {
    const whole = read(text);
    const parts = words.flatMap((word) => read(word.text));
    return whole.length === parts.length && whole.every((piece, i) => piece === parts[i]);
  });
}

function wholeOf(text: string): ReviewWord[] {
  const trimmed = text.trim();
  const start = text.indexOf(trimmed);
  return trimmed === '' ? [] : [{ text: trimmed, start, end: start + trimmed.length }];
}
