export type DatasetErrorCode =
  | 'FILE_NOT_FOUND'
  | 'UNREADABLE_FILE'
  | 'NOT_GZIP'
  | 'NOT_UTF8'
  | 'EMPTY_FILE'
  | 'MISSING_COLUMN'
  | 'DUPLICATE_COLUMN'
  | 'WRONG_FIELD_COUNT'
  | 'UNCLOSED_QUOTE'
  | 'MALFORMED_QUOTE'
  | 'MALFORMED_JSON'
  | 'UNKNOWN_LABEL'
  | 'EMPTY_REVIEW'
  | 'ONE_CLASS'
  | 'INVALID_SPLIT'
  | 'SPLIT_MISMATCH'
  | 'INVALID_OPTION';

/** Where in which file; `line` is 1-based and counts the lines of the file, not its records. */
export interface FilePosition {
  readonly file?: string;
  readonly line?: number;
}

/** Raised for every flaw of a data file or of an option. The message never holds the text of a review. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(
    readonly code: DatasetErrorCode,
    problem: string,
    { file, line }: FilePosition = {},
    options?: ErrorOptions,
  ) {
    super(withPosition(problem, file, line), options);
    this.file = file;
    this.line = line;
  }
}

function withPosition(problem: string, file: string | undefined, line: number | undefined): string {
  if (file === undefined) return problem;
  return line === undefined ? `${file}: ${problem}` : `${file} line ${line}: ${problem}`;
}
