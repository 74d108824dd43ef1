import { visitRecords } from './csv-records.js';
import { DatasetError } from './dataset-error.js';

/** One labeled review. `label` is the class id; `line` is the line of the file where the record starts, 1-based. */
export interface Review {
  readonly text: string;
  readonly label: 0 | 1;
  readonly line: number;
}

export interface ReadReviewsOptions {
  /** Name of the column with the text. Default `review`. */
  readonly textColumn?: string;
  /** Name of the column with the label. Default `sentiment`. */
  readonly labelColumn?: string;
  /** The two labels; the index is the class id. Default `['negative', 'positive']`. */
  readonly labels?: readonly string[];
  /** Stops after this many reviews; what follows in the file is not looked at. Default: all. */
  readonly maxRows?: number;
  /** Refuses a file whose reviews (the first `maxRows`) all have one label. Default false. */
  readonly requireBothClasses?: boolean;
}

type ResolvedOptions = Required<ReadReviewsOptions>;

const DEFAULTS: ResolvedOptions = {
  textColumn: 'review',
  labelColumn: 'sentiment',
  labels: ['negative', 'positive'],
  maxRows: Number.POSITIVE_INFINITY,
  requireBothClasses: false,
};

/**
 * Reads labeled reviews from a `.csv` or `.csv.gz` file in UTF-8, in the order of the file, and drops none.
 * Throws a `DatasetError` with file, line and expectation at the first flaw; text stays as it stands in the file.
 */
export async function readReviews(file: string, options: ReadReviewsOptions = {}): Promise<Review[]> {
  const resolved = resolveOptions(options);
  const reviews: Review[] = [];
  let toReview: ((fields: readonly string[], line: number) => Review) | undefined;
  await visitRecords(file, (fields, line) => {
    if (toReview) reviews.push(toReview(fields, line));
    else toReview = createRecordParser(file, fields, line, resolved);
    return reviews.length >= resolved.maxRows;
  });
  if (reviews.length === 0) {
    const found = toReview ? 'a header and no review' : 'nothing';
    throw new DatasetError('EMPTY_FILE', `expected a header and at least one review, got ${found}`, { file });
  }
  if (resolved.requireBothClasses) checkBothClasses(file, reviews, resolved);
  return reviews;
}

function resolveOptions(options: ReadReviewsOptions): ResolvedOptions {
  const resolved = { ...DEFAULTS, ...options };
  const { labels, maxRows } = resolved;
  if (labels.length !== 2 || labels[0] === labels[1]) {
    throw new DatasetError('INVALID_OPTION', `labels must be two different names, got ${JSON.stringify(labels)}`);
  }
  if (!(maxRows >= 1) || !(Number.isInteger(maxRows) || maxRows === Number.POSITIVE_INFINITY)) {
    throw new DatasetError('INVALID_OPTION', `maxRows must be a positive integer, got ${maxRows}`);
  }
  return resolved;
}

function createRecordParser(file: string, header: readonly string[], headerLine: number, options: ResolvedOptions) {
  const names = header.map((name) => name.trim());
  const textIndex = findColumn(file, headerLine, names, options.textColumn);
  const labelIndex = findColumn(file, headerLine, names, options.labelColumn);
  const classIds = new Map(options.labels.map((label, index) => [label, index === 0 ? 0 : 1] as const));

  return (fields: readonly string[], line: number): Review => {
    if (fields.length !== names.length) throw wrongFieldCount(file, line, names.length, fields.length);
    const text = fields[textIndex] ?? '';
    if (isEmptyReview(text)) {
      throw new DatasetError('EMPTY_REVIEW', `${options.textColumn} must hold text, got an empty review`, {
        file,
        line,
      });
    }
    const written = (fields[labelIndex] ?? '').trim();
    const label = classIds.get(written);
    if (label === undefined) throw unknownLabel(file, line, written, options);
    return { text, label, line };
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

function unknownLabel(file: string, line: number, written: string, options: ResolvedOptions): DatasetError {
  const expected = options.labels.map((label) => `"${label}"`).join(' or ');
  const problem = `${options.labelColumn} must be ${expected}, got ${quoteIfShort(written, 1)}`;
  return new DatasetError('UNKNOWN_LABEL', problem, { file, line });
}

// Line breaks in HTML are no words: the tokenizer turns them into spaces.
function isEmptyReview(text: string): boolean {
  return text.replaceAll('<br />', ' ').trim() === '';
}

// A long value in the place of a label or a column name is likely a review, whose text must not be printed.
function quoteIfShort(value: string, maxWords: number): string {
  const isShort = value.length <= 32 && value.split(/\s+/).length <= maxWords;
  return isShort ? JSON.stringify(value) : `a text of ${value.length} characters`;
}

function checkBothClasses(file: string, reviews: readonly Review[], { labels }: ResolvedOptions): void {
  const positives = reviews.reduce((count, review) => count + review.label, 0);
  if (positives > 0 && positives < reviews.length) return;
  const problem = `expected reviews of both labels, got only "${labels[positives === 0 ? 0 : 1]}" in ${reviews.length} reviews`;
  throw new DatasetError('ONE_CLASS', problem, { file });
}
