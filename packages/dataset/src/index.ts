export { type Batch, paddingRatio, planBatches, type PlanBatchesOptions, planSortedBatches } from './batches.js';
export { type DataReport, type PartReport, reportData, type ReportedPart } from './data-report.js';
export { DatasetError, type DatasetErrorCode, type FilePosition } from './dataset-error.js';
export type { ConflictCounts, CopyCount, CopyCounts, Overlap } from './duplicate-counts.js';
export { type DuplicateGroups, findDuplicates, joinGroups } from './duplicate-groups.js';
export { fileDigest } from './file-digest.js';
export { formatReviews, type FormatReviewsOptions } from './format-reviews.js';
export { groupedSplit, type GroupedSplitOptions } from './grouped-split.js';
export type { LengthSummary } from './length-summary.js';
export {
  findNearDuplicates,
  NEAR_DUPLICATE_JACCARD,
  type NearDuplicateOptions,
  type NearPair,
} from './near-duplicates.js';
export type { OddCharacters } from './odd-characters.js';
export { createRandom, type Random } from './random.js';
export { readReviews, type ReadReviewsOptions, requireBothClasses, type Review } from './read-reviews.js';
export { rowDigest } from './row-digest.js';
export { type RowSelection, type RowVisitor, visitRows } from './rows.js';
export {
  findSeparatingWords,
  type SeparatingWord,
  type SeparatingWords,
  type SeparatingWordsOptions,
} from './separating-words.js';
export { applySplitRecord, parseSplitRecord, SPLIT_PARTS, type SplitPart, type SplitRecord } from './split-record.js';
export { type Split, stratifiedSplit } from './stratified-split.js';
export { type TextVisitor, visitTexts, type VisitTextsOptions } from './visit-texts.js';
export { wordsOf } from './words.js';
