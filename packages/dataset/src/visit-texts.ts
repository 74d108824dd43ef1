import { requireText } from './require-text.js';
import { visitRows } from './rows.js';

export interface VisitTextsOptions {
  /** Name of the column with the text; other columns, a label's too, are not looked at. Default `review`. */
  readonly textColumn?: string;
  /** Stops after this many texts. Default: all. */
  readonly maxRows?: number;
}

/** Receives the text of one row and the line of the file where it starts, 1-based. */
export type TextVisitor = (text: string, line: number) => void;

/**
 * Streams the texts of a CSV or JSONL file in UTF-8, labeled or not: none is kept, so that memory does not grow with the file.
 * Checks them as `readReviews` does and throws the same errors, but for those of the label.
 */
export async function visitTexts(file: string, options: VisitTextsOptions, visit: TextVisitor): Promise<void> {
  const { textColumn = 'review', maxRows = Number.POSITIVE_INFINITY } = options;
  await visitRows(file, { columns: [textColumn], maxRows }, ([text = ''], line) => {
    requireText(text, textColumn, { file, line });
    visit(text, line);
  });
}
