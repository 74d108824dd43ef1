// MurmurHash3_x86_32 (Appleby 2011) with seed 0, over the two things that are hashed here.

/** Hash of a text's UTF-16 code units, little-endian. */
export function hashText(text: string): number {
  const { length } = text;
  let state = 0;
  for (let i = 0; i + 1 < length; i += 2) state = mixIn(state, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  if (length % 2 === 1) state ^= scramble(text.charCodeAt(length - 1));
  return finish(state, 2 * length);
}

/** The state after one more 32-bit word; the first goes into state 0. */
export function mixIn(state: number, word: number): number {
  const mixed = state ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** The hash, in [0, 2^32), of what was mixed into a state. */
export function finish(state: number, lengthBytes: number): number {
  let hash = state ^ lengthBytes;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const scaled = Math.imul(word, 0xcc9e2d51);
  return Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593);
}
