export { BUCKET_COUNT } from './buckets.js';
export { fitLinearModel, type FitOptions } from './fit-linear-model.js';
export { LinearError, type LinearErrorCode } from './linear-error.js';
export { type LinearModel, scoreText, scoreWords } from './linear-model.js';
export { decodeLinearModel, encodeLinearModel } from './model-file.js';
export { hashNgrams, splitWords } from './ngrams.js';
export { shareAmongWords } from './word-shares.js';
