import { DatasetError } from './dataset-error.js';
import { quoteIfShort } from './quote-if-short.js';
import { requireText } from './require-text.js';
import { visitRows } from './rows.js';

/** One labeled review. `label` is the class id; `line` is the line of the file where the record starts, 1-based. */
export interface Review {
  readonly text: string;
  readonly label: 0 | 1;
  readonly line: number;
  /** Value of the group column, where one was asked for: rows of one group belong together. Empty: a row for itself. */
  readonly group?: string;
}

export interface ReadReviewsOptions {
  /** Name of the column with the text. Default `review`. */
  readonly textColumn?: string;
  /** Name of the column with the label. Default `sentiment`. */
  readonly labelColumn?: string;
  /** Name of a column whose equal values mark rows that belong together (a film, an author). Default: none. */
  readonly groupColumn?: string | undefined;
  /** The two labels; the index is the class id. Default `['negative', 'positive']`. */
  readonly labels?: readonly string[];
  /** Stops after this many reviews; what follows in the file is not looked at. Default: all. */
  readonly maxRows?: number;
  /** Refuses a file whose reviews (the first `maxRows`) all have one label. Default false. */
  readonly requireBothClasses?: boolean;
  /** Keeps reviews without text, which are refused otherwise. Default false. */
  readonly keepEmpty?: boolean;
}

type ResolvedOptions = Required<ReadReviewsOptions>;

/** How the columns of a file of reviews, and its labels, are called unless something else is said. */
export const REVIEW_COLUMNS = {
  textColumn: 'review',
  labelColumn: 'sentiment',
  groupColumn: undefined,
  labels: ['negative', 'positive'],
} as const;

const DEFAULTS: ResolvedOptions = {
  ...REVIEW_COLUMNS,
  maxRows: Number.POSITIVE_INFINITY,
  requireBothClasses: false,
  keepEmpty: false,
};

/**
 * Reads labeled reviews from a CSV or JSONL file in UTF-8 (see `visitRows`), in the order of the file, and drops none.
 * Throws a `DatasetError` with file, line and expectation at the first flaw; text stays as it stands in the file.
 */
export async function readReviews(file: string, options: ReadReviewsOptions = {}): Promise<Review[]> {
  const resolved = resolveOptions(options);
  const { textColumn, labelColumn, groupColumn, maxRows } = resolved;
  const columns = groupColumn === undefined ? [textColumn, labelColumn] : [textColumn, labelColumn, groupColumn];
  const toReview = createReviewParser(file, resolved);
  const reviews: Review[] = [];
  await visitRows(file, { columns, maxRows }, (values, line) => reviews.push(toReview(values, line)));
  if (resolved.requireBothClasses) requireBothClasses(file, reviews, resolved.labels);
  return reviews;
}

function resolveOptions(options: ReadReviewsOptions): ResolvedOptions {
  const resolved = { ...DEFAULTS, ...options };
  const { labels } = resolved;
  if (labels.length !== 2 || labels[0] === labels[1]) {
    throw new DatasetError('INVALID_OPTION', `labels must be two different names, got ${JSON.stringify(labels)}`);
  }
  return resolved;
}

function createReviewParser(file: string, options: ResolvedOptions) {
  const classIds = new Map(options.labels.map((label, index) => [label, index === 0 ? 0 : 1] as const));
  return ([text = '', writtenLabel = '', group]: readonly string[], line: number): Review => {
    if (!options.keepEmpty) requireText(text, options.textColumn, { file, line });
    const label = classIds.get(writtenLabel.trim());
    if (label === undefined) throw unknownLabel(file, line, writtenLabel.trim(), options);
    return group === undefined ? { text, label, line } : { text, label, line, group: group.trim() };
  };
}

function unknownLabel(file: string, line: number, written: string, options: ResolvedOptions): DatasetError {
  const expected = options.labels.map((label) => `"${label}"`).join(' or ');
  const problem = `${options.labelColumn} must be ${expected}, got ${quoteIfShort(written, 1)}`;
  return new DatasetError('UNKNOWN_LABEL', problem, { file, line });
}

/** Throws `ONE_CLASS` where all reviews of a file, or those that are taken of it, have one label. */
export function requireBothClasses(
  file: string,
  reviews: readonly Pick<Review, 'label'>[],
  labels: readonly string[],
): void {
  const positives = reviews.reduce((count, review) => count + review.label, 0);
  if (positives > 0 && positives < reviews.length) return;
  const problem = `expected reviews of both labels, got only "${labels[positives === 0 ? 0 : 1]}" in ${reviews.length} reviews`;
  throw new DatasetError('ONE_CLASS', problem, { file });
}
