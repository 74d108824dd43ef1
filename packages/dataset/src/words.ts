const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;

/** The words of a review in small letters: runs of letters and digits, apostrophes inside included; `<br />` parts words. */
export function wordsOf(text: string): readonly string[] {
  return text.replaceAll('<br />', ' ').toLowerCase().match(WORD) ?? [];
}
