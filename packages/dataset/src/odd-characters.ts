/** Rows that hold at least one character of a kind. */
export interface OddCharacters {
  /** Beyond ASCII. */
  readonly nonAscii: number;
  /** Control characters other than tab and line ends; C1 controls hint at Windows-1252 read as Latin-1. */
  readonly control: number;
  /** U+FFFD: something was not decodable before it came here. */
  readonly replacement: number;
  /** UTF-8 that was read as Windows-1252 or Latin-1, such as `Ã©` for `é`. */
  readonly mojibake: number;
  /** Zero-width and direction marks, byte order marks and soft hyphens. */
  readonly invisible: number;
  /** Half of a surrogate pair, which no UTF-8 file can hold but a JSON escape can. */
  readonly loneSurrogate: number;
}

const KINDS: Readonly<Record<keyof OddCharacters, RegExp>> = {
  nonAscii: /[^\0-\x7f]/,
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  control: /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/,
  replacement: /\ufffd/,
  mojibake: /[ÂÃ][\x80-\xbf]|â€|â\x80/,
  invisible: /[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/,
  loneSurrogate: /\p{Surrogate}/u,
};

export function countOddCharacters(texts: readonly string[]): OddCharacters {
  const counts = { nonAscii: 0, control: 0, replacement: 0, mojibake: 0, invisible: 0, loneSurrogate: 0 };
  const kinds = Object.keys(counts) as (keyof OddCharacters)[];
  for (const text of texts) {
    if (!KINDS.nonAscii.test(text) && !KINDS.control.test(text)) continue;
    for (const kind of kinds) if (KINDS[kind].test(text)) counts[kind]++;
  }
  return counts;
}
