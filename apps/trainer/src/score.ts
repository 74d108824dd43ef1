import { type FileHandle, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { DatasetError, visitRows } from '@marquee/dataset';
import { type Classifier, type Graph, LABELS, loadClassifier } from '@marquee/model-core';

import { writeFailure } from './durable-write.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { type ScoredRow, type ScoreFormat, scoreFormatOf } from './score-format.js';
import { sessionOptions } from './session-options.js';
import { TrainerError } from './trainer-error.js';

export interface ScoreOptions {
  readonly model: string;
  readonly dataFile: string;
  /** Its ending says the format: `.csv` or `.jsonl`. */
  readonly outputFile: string;
  readonly graph: 'auto' | Graph;
  readonly textColumnName: string;
  /** The column to compare with; undefined for none. */
  readonly labelColumnName: string | undefined;
  readonly threads: number | undefined;
}

/** A row that waits for its prediction. */
interface UnscoredRow {
  readonly line: number;
  readonly text: string;
  readonly label: string;
}

/**
 * Writes what a model says of each row of a CSV or JSONL file, labeled or not, in the order of the file and as it is served. The file is read on when
 * what was read is answered, so that memory does not grow with it. No row is left out, not even one without text; a blank line is no row. Throws `INTERRUPTED`.
 */
export async function runScoring(options: ScoreOptions, watch: EvaluationWatch): Promise<void> {
  const { model, graph, outputFile, labelColumnName } = options;
  const formatOf = scoreFormatOf(outputFile);
  await requireOtherFile(options);
  const classifier = await loadClassifier(model, { device: 'cpu', graph, ...sessionOptions(options) });
  const format = formatOf(classifier.info.kind === 'cascade');
  try {
    const counts = await writeWhole(outputFile, (output) => scoreRows(options, classifier, watch, output, format));
    const { rows, withoutText, right } = counts;
    watch.progress.say(`${rows} rows scored; written to ${outputFile}`);
    if (withoutText > 0) watch.progress.say(`${withoutText} of them hold no text: their predictions mean nothing`);
    if (labelColumnName === undefined) return;
    watch.progress.say(
      `accuracy ${((100 * right) / rows).toFixed(2)} %: ${right} of ${rows} predictions are the label`,
    );
  } finally {
    await classifier.close();
  }
}

/** The reviews would be replaced by what is said of them. */
async function requireOtherFile({ dataFile, outputFile }: ScoreOptions): Promise<void> {
  const [input, output] = await Promise.all(
    [dataFile, outputFile].map((path) => realpath(path).catch(() => undefined)),
  );
  if (input === undefined || input !== output) return;
  throw new TrainerError('INVALID_OPTION', `--output-file: expected another file than --data-file, got ${outputFile}`);
}

async function scoreRows(
  options: ScoreOptions,
  classifier: Classifier,
  { progress, stopRequested }: EvaluationWatch,
  output: FileHandle,
  format: ScoreFormat,
): Promise<{ rows: number; withoutText: number; right: number }> {
  const { dataFile, textColumnName, labelColumnName } = options;
  const counts = { rows: 0, withoutText: 0, right: 0 };
  const waiting: UnscoredRow[] = [];
  const afterBlock = async (): Promise<void> => {
    for (const { line, text, label } of waiting.splice(0)) {
      if (stopRequested()) throw new TrainerError('INTERRUPTED', `stopped after ${counts.rows} rows; none are kept`);
      const scored = await scoreRow(classifier, counts.rows + 1, line, text);
      await output.appendFile(format.write(scored));
      counts.rows++;
      if (text.trim() === '') counts.withoutText++;
      if (label === scored.sentiment) counts.right++;
    }
    progress.count({ done: counts.rows, total: counts.rows, unit: 'rows scored', secondsLeft: 0 });
  };
  await output.appendFile(format.head);
  const columns = labelColumnName === undefined ? [textColumnName] : [textColumnName, labelColumnName];
  await visitRows(dataFile, { columns, maxRows: Infinity, afterBlock }, ([text = '', label = ''], line) => {
    if (labelColumnName !== undefined) requireLabel(label.trim(), labelColumnName, dataFile, line);
    waiting.push({ line, text, label: label.trim() });
  });
  return counts;
}

async function scoreRow(classifier: Classifier, row: number, line: number, text: string): Promise<ScoredRow> {
  const [prediction] = await classifier.predict([text]);
  if (!prediction) throw new RangeError('bug: the classifier gave no prediction for a text');
  return { row, line, ...prediction };
}

/** The value may be a review, by a slip of the columns: it is not quoted. */
function requireLabel(label: string, column: string, file: string, line: number): void {
  if (LABELS.some((name) => name === label)) return;
  const expected = LABELS.map((name) => `"${name}"`).join(' or ');
  const problem = `${column} must be ${expected}, got another text of ${label.length} characters`;
  throw new DatasetError('UNKNOWN_LABEL', problem, { file, line });
}

/** Gives a file its name when it is whole. Throws `WRITE_FAILED`. */
async function writeWhole<T>(path: string, write: (output: FileHandle) => Promise<T>): Promise<T> {
  const partial = `${path}.tmp`;
  const guarded = <R>(promise: Promise<R>): Promise<R> =>
    promise.catch((cause: unknown) => {
      throw isSystemError(cause) ? writeFailure(path, cause) : cause;
    });
  await guarded(mkdir(dirname(path), { recursive: true }));
  const output = await guarded(open(partial, 'w'));
  try {
    const result = await guarded(write(output));
    await guarded(output.sync());
    await guarded(rename(partial, path));
    return result;
  } finally {
    await output.close();
    await rm(partial, { force: true });
  }
}

const isSystemError = (cause: unknown): boolean => cause instanceof Error && 'syscall' in cause;
