import { DatasetError, type FilePosition } from './dataset-error.js';

/** Whether a text is white space alone. Line breaks in HTML are no words: the tokenizer turns them into spaces. */
export const isEmptyText = (text: string): boolean => text.replaceAll('<br />', ' ').trim() === '';

/** Throws EMPTY_REVIEW for an empty text. */
export function requireText(text: string, column: string, position: FilePosition): void {
  if (!isEmptyText(text)) return;
  throw new DatasetError('EMPTY_REVIEW', `${column} must hold text, got an empty review`, position);
}
