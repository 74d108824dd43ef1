import { Readable } from 'node:stream';

import Papa from 'papaparse';

import { DatasetError } from './dataset-error.js';
import { readTextBlocks } from './text-blocks.js';

/** A record this long (in blocks of 1 MiB) is an open quote that swallows the file, and would be scanned anew with each block. */
const MAX_RECORD_BLOCKS = 64;

/** Receives one record and the line of the file where it starts; returns true to stop reading. */
export type RecordVisitor = (fields: readonly string[], line: number) => boolean;

/** Awaited after the records of each block of about 1 MiB, before more is read. */
export type AfterBlock = () => Promise<void>;

/**
 * Streams the records of a comma-separated file, the header included and blank lines left out; an empty field in quotes is a record.
 * Throws UNCLOSED_QUOTE and MALFORMED_QUOTE, the errors of reading text, and whatever `visit` throws.
 */
export async function visitRecords(file: string, visit: RecordVisitor, afterBlock?: AfterBlock): Promise<void> {
  const quotedBlanks = new Set<number>();
  const blocks = Readable.from(noteQuotedBlanks(readTextBlocks(file), quotedBlanks), { highWaterMark: 1 });
  const reader = createRecordReader(file, quotedBlanks, visit);
  let pending = Promise.resolve();
  try {
    await new Promise<void>((resolve, reject) => {
      Papa.parse<string[]>(blocks, {
        delimiter: ',',
        // Fixed, because papaparse's guess from the first MiB breaks files that mix line ends. A carriage return before it is
        // white space after a closing quote, or the end of an unquoted field, which the reader takes off.
        newline: '\n',
        chunk: (results, parser) => {
          const isEnough = reader.read(results);
          pending = afterBlock?.() ?? pending;
          // Papa completes inside of abort().
          if (isEnough) parser.abort();
          else if (afterBlock) {
            // Papa would queue blocks while it pauses; and it goes on inside of resume(), where reading may throw.
            parser.pause();
            blocks.pause();
            const goOn = (): void => {
              blocks.resume();
              parser.resume();
            };
            pending.then(goOn).catch(reject);
          }
        },
        complete: () => void pending.then(resolve, reject),
        error: reject,
      });
    });
  } finally {
    blocks.destroy();
  }
}

/** Notes the lines that hold white space in quotes and nothing else: papaparse makes of them what it makes of blank lines. */
async function* noteQuotedBlanks(blocks: AsyncIterable<string>, quotedBlanks: Set<number>): AsyncGenerator<string> {
  let line = 1;
  for await (const block of blocks) {
    const lines = block.split('\n');
    lines.forEach((text, index) => {
      if (/^"\s*"\s*$/.test(text)) quotedBlanks.add(line + index);
    });
    line += lines.length - 1; // a block ends with its last line
    yield block;
  }
}

function createRecordReader(
  file: string,
  quotedBlanks: ReadonlySet<number>,
  visit: RecordVisitor,
): { read(results: Papa.ParseResult<string[]>): boolean } {
  let line = 1;
  let blocksWithoutRecord = 0;
  return {
    /** Visits the records of one block; true when the visitor wants no more. */
    read({ data, errors }) {
      blocksWithoutRecord = data.length > 0 ? 0 : blocksWithoutRecord + 1;
      if (blocksWithoutRecord > MAX_RECORD_BLOCKS) throw quoteError('MissingQuotes', file, line);
      for (const [row, fields] of data.entries()) {
        const lineEnds = countLineEnds(fields) + 1;
        stripCarriageReturn(fields);
        // Papa reports errors of the cut-off last record of a block too: their row is past the data, and it comes again.
        const flaw = errors.length === 0 ? undefined : errors.find((error) => error.row === row);
        if (flaw) throw quoteError(flaw.code, file, line);
        const isBlankLine = isBlank(fields) && !quotedBlanks.has(line);
        if (!isBlankLine && visit(fields, line)) return true;
        line += lineEnds;
      }
      return false;
    },
  };
}

function countLineEnds(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) {
    for (let i = field.indexOf('\n'); i !== -1; i = field.indexOf('\n', i + 1)) count++;
  }
  return count;
}

function stripCarriageReturn(fields: string[]): void {
  const last = fields.at(-1);
  if (last?.endsWith('\r')) fields[fields.length - 1] = last.slice(0, -1);
}

function isBlank(fields: readonly string[]): boolean {
  return fields.length === 1 && /^[^\S\n]*$/.test(fields[0] ?? ''); // only a quoted field has a line end
}

function quoteError(papaCode: string, file: string, line: number): DatasetError {
  if (papaCode === 'MissingQuotes') {
    const problem =
      'the quote opened in the record that starts here is never closed, expected a closing quote before the end of the file';
    return new DatasetError('UNCLOSED_QUOTE', problem, { file, line });
  }
  const problem =
    'a quoted field of the record that starts here goes on after its closing quote: ' +
    'a quote is not closed, or a quote inside the field is not doubled (expected "")';
  return new DatasetError('MALFORMED_QUOTE', problem, { file, line });
}
