import { DatasetError, type FilePosition } from './dataset-error.js';

/** Throws EMPTY_REVIEW for a text of white space alone. Line breaks in HTML are no words: the tokenizer turns them into spaces. */
export function requireText(text: string, column: string, position: FilePosition): void {
  if (text.replaceAll('<br />', ' ').trim() !== '') return;
  throw new DatasetError('EMPTY_REVIEW', `${column} must hold text, got an empty review`, position);
}
