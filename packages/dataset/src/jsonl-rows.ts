import type { AfterBlock } from './csv-records.js';
import { DatasetError } from './dataset-error.js';
import { quoteIfShort } from './quote-if-short.js';
import { readTextBlocks } from './text-blocks.js';

type JsonRow = Readonly<Record<string, unknown>>;

/** Streams the wanted fields of a file with one JSON object a line (blank lines are left out); see `visitRows`. */
export async function visitJsonlRows(
  file: string,
  columns: readonly string[],
  visit: (values: readonly string[], line: number) => boolean,
  afterBlock?: AfterBlock,
): Promise<void> {
  let line = 0;
  let hasRows = false;
  for await (const block of readTextBlocks(file)) {
    // Every block but the last ends with a line feed, after which there is no line.
    const text = block.endsWith('\n') ? block.slice(0, -1) : block;
    for (const json of text.split('\n')) {
      line++;
      if (json.trim() === '') continue;
      hasRows = true;
      const row = parseRow(file, line, json);
      if (visit(pickFields(file, line, row, columns), line)) return afterBlock?.();
    }
    await afterBlock?.();
  }
  if (!hasRows) throw new DatasetError('EMPTY_FILE', 'expected at least one review, got nothing', { file });
}

function parseRow(file: string, line: number, json: string): JsonRow {
  let row: unknown;
  try {
    row = JSON.parse(json);
  } catch {
    // The parser's own message quotes the text around the flaw, and so do the errors that keep it as their cause.
    throw malformed(file, line, 'expected one JSON object a line, got what is not JSON');
  }
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as JsonRow;
  throw malformed(file, line, `expected one JSON object a line, got ${kindOf(row)}`);
}

function pickFields(file: string, line: number, row: JsonRow, columns: readonly string[]): string[] {
  return columns.map((wanted) => {
    if (!Object.hasOwn(row, wanted)) {
      const names = Object.keys(row).map((name) => quoteIfShort(name, 3));
      const found = names.length === 0 ? 'none' : names.join(', ');
      throw new DatasetError('MISSING_COLUMN', `expected a field named "${wanted}", found ${found}`, { file, line });
    }
    const value = row[wanted];
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw malformed(file, line, `expected a text in "${wanted}", got ${kindOf(value)}`);
  });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const malformed = (file: string, line: number, problem: string): DatasetError =>
  new DatasetError('MALFORMED_JSON', problem, { file, line });
