/**
 * Throws with both values when they differ.
 * @param {string} what
 * @param {unknown} actual
 * @param {unknown} expected
 */
export function expectEqual(what, actual, expected) {
  const [is, ought] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== ought) throw new Error(`${what}: expected ${ought}, got ${is}`);
}

/**
 * @param {boolean} holds
 * @param {string} otherwise what is wrong
 */
export function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
