import { visitRecords } from './csv-records.js';
import { DatasetError } from './dataset-error.js';

export interface VisitTextsOptions {
  /** Name of the column with the text; other columns, a label's too, are not looked at. Default `review`. */
  readonly textColumn?: string;
  /** Stops after this many texts. Default: all. */
  readonly maxRows?: number;
}

/** Receives the text of one row and the line of the file where it starts, 1-based. */
export type TextVisitor = (text: string, line: number) => void;

/** Streams the texts of a CSV file, labeled or not: none is kept, so that memory does not grow with the file. */
export async function visitTexts(file: string, options: VisitTextsOptions, visit: TextVisitor): Promise<void> {
  const { textColumn = 'review', maxRows = Number.POSITIVE_INFINITY } = options;
  let column: number | undefined;
  let count = 0;
  await visitRecords(file, (fields, line) => {
    if (column === undefined) {
      column = fields.findIndex((name) => name.trim() === textColumn);
      if (column === -1)
        throw new DatasetError('MISSING_COLUMN', `expected a column named "${textColumn}"`, { file, line });
      return false;
    }
    const text = fields[column] ?? '';
    if (text.replaceAll('<br />', ' ').trim() === '')
      throw new DatasetError('EMPTY_REVIEW', `${textColumn} must hold text, got an empty review`, { file, line });
    visit(text, line);
    count += 1;
    return count >= maxRows;
  });
  if (count === 0) throw new DatasetError('EMPTY_FILE', 'expected a header and at least one review', { file });
}
