/** A value for a message. A long one in the place of a label or a column name is likely a review, whose text must not be printed. */
export function quoteIfShort(value: string, maxWords: number): string {
  const isShort = value.length <= 32 && value.split(/\s+/).length <= maxWords;
  return isShort ? JSON.stringify(value) : `a text of ${value.length} characters`;
}
