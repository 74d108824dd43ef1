import type { DuplicateGroups } from './duplicate-groups.js';
import {
  countCopies,
  type CopyCounts,
  countConflicts,
  type ConflictCounts,
  countOverlap,
  type Overlap,
  type RowRange,
} from './duplicate-counts.js';
import { describeLengths, type LengthSummary } from './length-summary.js';
import { countOddCharacters, type OddCharacters } from './odd-characters.js';
import { isEmptyText } from './require-text.js';
import { wordsOf } from './words.js';

/** The rows of one file, or of one split. */
export interface ReportedPart {
  readonly name: string;
  readonly texts: readonly string[];
  /** Line of the file at which each row starts. */
  readonly lines: ArrayLike<number>;
  /** Class ids; absent for unlabeled rows. */
  readonly labels?: ArrayLike<number>;
  /** Tokens of each whole text, where they were counted. */
  readonly tokenCounts?: ArrayLike<number>;
}

export interface PartReport {
  readonly rows: number;
  /** Rows by label name; empty for unlabeled rows. */
  readonly labels: Readonly<Record<string, number>>;
  /** Rows without text, which a training refuses, and the lines at which the first of them start. */
  readonly empty: { readonly rows: number; readonly lines: readonly number[] };
  /** Rows without any word: white space, `<br />` and marks alone. */
  readonly withoutWords: number;
  readonly lengths: {
    /** UTF-16 units. */
    readonly characters: LengthSummary;
    readonly words: LengthSummary;
    readonly tokens?: LengthSummary;
  };
  /** Rows that hold an HTML tag or entity, and their share. */
  readonly html: { readonly rows: number; readonly share: number };
  readonly characters: OddCharacters;
  readonly copies: CopyCounts;
  readonly conflicts: ConflictCounts;
}

/** What a file of reviews is like, before anything is learned from it. Plain JSON; holds no text of a review. */
export interface DataReport {
  readonly parts: Readonly<Record<string, PartReport>>;
  /** One entry for each two parts that share a review. */
  readonly overlaps: readonly Overlap[];
}

/** Empty rows whose lines are listed, at most: enough to look at. */
const LISTED_ROWS = 20;

const HTML = /<\/?[a-z][^<>]*>|&(?:#\d+|#x[\da-f]+|[a-z][a-z\d]*);/i;

/**
 * Describes labels, lengths, characters and duplicates of the parts, and the rows that two of them share. Pure.
 * @param groups of the rows of all parts, one part after the other (see `findDuplicates`)
 * @param labelNames the index is the class id
 */
export function reportData(
  parts: readonly ReportedPart[],
  groups: DuplicateGroups,
  labelNames: readonly string[],
): DataReport {
  let end = 0;
  const ranges = parts.map(({ name, texts, lines }): RowRange => {
    const start = end;
    end += texts.length;
    return { name, lines, start, end };
  });
  const reports = parts.map((part, index) => {
    const range = ranges[index]!; // one range a part
    return [part.name, describePart(part, groups, range, labelNames)] as const;
  });
  const pairs = ranges.flatMap((first, index) => ranges.slice(index + 1).map((second) => [first, second] as const));
  return {
    parts: Object.fromEntries(reports),
    overlaps: pairs.flatMap(([first, second]) => countOverlap(groups, first, second) ?? []),
  };
}

function describePart(
  part: ReportedPart,
  groups: DuplicateGroups,
  range: RowRange,
  labelNames: readonly string[],
): PartReport {
  const { texts, lines, tokenCounts } = part;
  const empty = [...texts.keys()].filter((row) => isEmptyText(texts[row] ?? ''));
  const words = texts.map((text) => wordsOf(text).length);
  const htmlRows = texts.filter((text) => HTML.test(text)).length;
  return {
    rows: texts.length,
    labels: countLabels(part.labels, labelNames),
    empty: { rows: empty.length, lines: empty.slice(0, LISTED_ROWS).map((row) => lines[row] ?? 0) },
    withoutWords: words.filter((count) => count === 0).length,
    lengths: {
      characters: describeLengths(texts.map(({ length }) => length)),
      words: describeLengths(words),
      ...(tokenCounts && { tokens: describeLengths(tokenCounts) }),
    },
    html: { rows: htmlRows, share: texts.length === 0 ? 0 : htmlRows / texts.length },
    characters: countOddCharacters(texts),
    copies: countCopies(groups, range),
    conflicts: countConflicts(groups, part.labels ?? [], range),
  };
}

function countLabels(labels: ArrayLike<number> | undefined, names: readonly string[]): Record<string, number> {
  if (!labels) return {};
  const counts = Object.fromEntries(names.map((name) => [name, 0]));
  for (const id of Array.from(labels)) {
    const name = names[id] ?? String(id);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
