export { type Batch, paddingRatio, planBatches, type PlanBatchesOptions, planSortedBatches } from './batches.js';
export { DatasetError, type DatasetErrorCode, type FilePosition } from './dataset-error.js';
export { fileDigest } from './file-digest.js';
export { createRandom, type Random } from './random.js';
export { readReviews, type ReadReviewsOptions, type Review } from './read-reviews.js';
export { rowDigest } from './row-digest.js';
export { type Split, stratifiedSplit } from './stratified-split.js';
export { type TextVisitor, visitTexts, type VisitTextsOptions } from './visit-texts.js';
