import { DatasetError } from './dataset-error.js';

/** Parts of a split, in the order in which they are dealt and written. */
export const SPLIT_PARTS = ['train', 'validation', 'test'] as const;
export type SplitPart = (typeof SPLIT_PARTS)[number];

/** Which row went where, by row digest, so that a split can be repeated exactly, by another tool too. */
export interface SplitRecord {
  readonly formatVersion: 1;
  /** The file that was split; its digest tells, and does not decide: the row digests do. */
  readonly source: { readonly sha256: string; readonly rows: number };
  readonly seed: number;
  /** Row digests of each part in the order of the file; equal rows stand there as often as they are in the part. */
  readonly parts: Readonly<Record<SplitPart, readonly string[]>>;
}

/** Checks the contents of a split file. Throws `INVALID_SPLIT`; `file` is for the message. */
export function parseSplitRecord(json: string, file: string): SplitRecord {
  let record: Partial<SplitRecord> | null;
  try {
    record = JSON.parse(json) as Partial<SplitRecord> | null;
  } catch (cause) {
    throw new DatasetError('INVALID_SPLIT', 'expected the JSON of a split, got what is not JSON', { file }, { cause });
  }
  const refuse = (expectation: string): DatasetError => new DatasetError('INVALID_SPLIT', expectation, { file });
  const found: unknown = record?.formatVersion ?? null;
  if (record === null || found !== 1) {
    throw refuse(`expected a split of formatVersion 1, got ${JSON.stringify(found)}`);
  }
  const partOf = new Map<string, SplitPart>();
  for (const part of SPLIT_PARTS) {
    const digests: unknown = record.parts?.[part];
    if (!Array.isArray(digests)) throw refuse(`expected a list of row digests in parts.${part}`);
    for (const digest of digests as readonly unknown[]) {
      if (typeof digest !== 'string' || !/^[0-9a-f]{16}$/.test(digest)) {
        throw refuse(`expected row digests of 16 hexadecimal digits in parts.${part}`);
      }
      const earlier = partOf.get(digest);
      if (earlier !== undefined && earlier !== part)
        throw refuse(`expected row ${digest} in one part, found it in ${earlier} and ${part}`);
      partOf.set(digest, part);
    }
  }
  return record as SplitRecord;
}

/**
 * Row indexes of each part as the record has them, ascending. Throws `SPLIT_MISMATCH` where the rows are not the record's: another file, or copies
 * dropped in one and not in the other.
 */
export function applySplitRecord(
  record: SplitRecord,
  digests: readonly string[],
  file: string,
): Record<SplitPart, number[]> {
  const partOf = new Map(SPLIT_PARTS.flatMap((part) => record.parts[part].map((digest) => [digest, part] as const)));
  const rows: Record<SplitPart, number[]> = { train: [], validation: [], test: [] };
  let unknown = 0;
  digests.forEach((digest, row) => {
    const part = partOf.get(digest);
    if (part === undefined) unknown++;
    else rows[part].push(row);
  });
  const expected = SPLIT_PARTS.map((part) => record.parts[part].length);
  const actual = SPLIT_PARTS.map((part) => rows[part].length);
  if (unknown === 0 && expected.join() === actual.join()) return rows;
  const found = `found ${actual.join(' / ')} of them and ${unknown} rows that are in none`;
  throw new DatasetError('SPLIT_MISMATCH', `expected the data of this split, ${expected.join(' / ')} rows, ${found}`, {
    file,
  });
}
