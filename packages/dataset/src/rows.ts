import type { AfterBlock } from './csv-records.js';
import { visitCsvRows } from './csv-rows.js';
import { DatasetError } from './dataset-error.js';
import { visitJsonlRows } from './jsonl-rows.js';
import { readTextBlocks } from './text-blocks.js';

/** Receives the values of the wanted columns, in their order, and the line of the file where the row starts, 1-based. */
export type RowVisitor = (values: readonly string[], line: number) => void;

/** Which rows of a file are read, and what of them. */
export interface RowSelection {
  readonly columns: readonly string[];
  /** Stops after this many rows; what follows in the file is not looked at. */
  readonly maxRows: number;
  /** For work on the rows that takes its time: the file is read on when it is done, so that memory does not grow. */
  readonly afterBlock?: AfterBlock;
}

/** Visits rows until `visit` returns true. */
type RowReader = (
  file: string,
  columns: readonly string[],
  visit: (values: readonly string[], line: number) => boolean,
  afterBlock?: AfterBlock,
) => Promise<void>;

const READERS = { csv: visitCsvRows, jsonl: visitJsonlRows } as const satisfies Record<string, RowReader>;

/**
 * Streams a `.csv`, `.csv.gz`, `.jsonl` or `.jsonl.gz` file; a file of another name is JSON lines when it starts with `{`, else CSV.
 * Throws a `DatasetError` with file, line and expectation at the first flaw, and whatever `visit` throws.
 */
export async function visitRows(
  file: string,
  { columns, maxRows, afterBlock }: RowSelection,
  visit: RowVisitor,
): Promise<void> {
  if (!(maxRows >= 1) || !(Number.isInteger(maxRows) || maxRows === Number.POSITIVE_INFINITY)) {
    throw new DatasetError('INVALID_OPTION', `maxRows must be a positive integer, got ${maxRows}`);
  }
  const read: RowReader = READERS[formatByName(file) ?? (await formatByContent(file))];
  let rows = 0;
  const visitUntilEnough = (values: readonly string[], line: number): boolean => {
    visit(values, line);
    return ++rows >= maxRows;
  };
  await read(file, columns, visitUntilEnough, afterBlock);
}

type Format = keyof typeof READERS;

function formatByName(file: string): Format | undefined {
  const ending = /\.(csv|jsonl|ndjson)(\.gz)?$/i.exec(file)?.[1]?.toLowerCase();
  return ending === 'ndjson' ? 'jsonl' : (ending as Format | undefined);
}

async function formatByContent(file: string): Promise<Format> {
  for await (const block of readTextBlocks(file)) {
    const start = block.trimStart();
    if (start !== '') return start.startsWith('{') ? 'jsonl' : 'csv';
  }
  return 'csv';
}
