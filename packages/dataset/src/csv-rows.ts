import { type AfterBlock, visitRecords } from './csv-records.js';
import { DatasetError } from './dataset-error.js';
import { quoteIfShort } from './quote-if-short.js';

/** Streams the wanted columns of a comma-separated file with a header; see `visitRows`. */
export async function visitCsvRows(
  file: string,
  columns: readonly string[],
  visit: (values: readonly string[], line: number) => boolean,
  afterBlock?: AfterBlock,
): Promise<void> {
  let pick: ((fields: readonly string[], line: number) => readonly string[]) | undefined;
  let rows = 0;
  await visitRecords(
    file,
    (fields, line) => {
      if (!pick) {
        pick = createPicker(file, fields, line, columns);
        return false;
      }
      rows++;
      return visit(pick(fields, line), line);
    },
    afterBlock,
  );
  if (rows > 0) return;
  const found = pick ? 'a header and no review' : 'nothing';
  throw new DatasetError('EMPTY_FILE', `expected a header and at least one review, got ${found}`, { file });
}

function createPicker(file: string, header: readonly string[], headerLine: number, columns: readonly string[]) {
  const names = header.map((name) => name.trim());
  const places = columns.map((wanted) => findColumn(file, headerLine, names, wanted));
  return (fields: readonly string[], line: number): readonly string[] => {
    if (fields.length !== names.length) throw wrongFieldCount(file, line, names.length, fields.length);
    return places.map((place) => fields[place] ?? '');
  };
}

function findColumn(file: string, line: number, names: readonly string[], wanted: string): number {
  const index = names.indexOf(wanted);
  if (index === -1) {
    const found = names.map((name) => quoteIfShort(name, 3)).join(', ');
    throw new DatasetError('MISSING_COLUMN', `expected a column named "${wanted}", found ${found}`, { file, line });
  }
  if (names.lastIndexOf(wanted) !== index) {
    throw new DatasetError('DUPLICATE_COLUMN', `expected one column named "${wanted}", found more`, { file, line });
  }
  return index;
}

function wrongFieldCount(file: string, line: number, expected: number, actual: number): DatasetError {
  const hint = actual > expected ? ' (a field that holds a comma must stand in quotes)' : '';
  return new DatasetError('WRONG_FIELD_COUNT', `expected ${expected} fields as in the header, got ${actual}${hint}`, {
    file,
    line,
  });
}
