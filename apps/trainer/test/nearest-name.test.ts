import { describe, expect, test } from 'vitest';

import { nearestName } from '../src/nearest-name.js';
import { kebabOf } from '../src/option-spec.js';
import { TRAIN_OPTION_SPECS } from '../src/train-options.js';

const NAMES = Object.keys(TRAIN_OPTION_SPECS).map(kebabOf);

describe('the name that was meant', () => {
  const meant: Record<string, string> = {
    // Its words, in any order, some of them left out, cut short or drawn out.
    'batch-size': 'per-device-train-batch-size',
    'label-smoothing': 'label-smoothing-factor',
    'num-epochs': 'num-train-epochs',
    'evaluation-strategy': 'eval-strategy',
    'max-sequence-length': 'max-seq-length',
    'val-file': 'validation-file',
    'best-model-metric': 'metric-for-best-model',
    patience: 'early-stopping-patience',
    dropping: 'drop-duplicates',
    // Closer than early-stopping-threshold.
    thre: 'threads',
    // Typing errors.
    sede: 'seed',
    dropouts: 'dropout',
    'lerning-rate': 'learning-rate',
    learningrate: 'learning-rate',
    'per-gpu-train-batch-size': 'per-device-train-batch-size',
    // The rare word at its beginning.
    'warmup-steps': 'warmup-ratio',
  };
  test.each(Object.entries(meant))('by %s is %s', (written, name) => {
    expect(nearestName(written, NAMES)).toBe(name);
  });

  const unclear: Record<string, string> = {
    foo: 'like no name',
    'max-steps': 'an edit away from save-steps, but of known words',
    'test-size': 'two edits away from test-file, but of known words',
    'logging-strategy': 'one common word, and one of no name',
    'save-strategy': 'two words of different names',
    bf16: 'two edits of four letters away from fp16',
    'dev-file': 'three edits of nine letters away from data-file',
    'tokenizer-name': 'no word of token-cache-dir',
    model: 'a word of five names',
    steps: 'a word of four names',
    lr: 'too short to tell',
    '': 'nothing',
  };
  test.each(Object.entries(unclear))('by "%s" is unclear: %s', (written) => {
    expect(nearestName(written, NAMES)).toBeUndefined();
  });

  test('has the longest word that was drawn out, and no shorter one', () => {
    expect(nearestName('evaluations-file', ['eval-file', 'evaluation-set'])).toBeUndefined();
    expect(nearestName('evaluations-file', ['eval-file', 'eval-set'])).toBe('eval-file');
  });

  test('is none where there are no names', () => {
    expect(nearestName('seed', [])).toBeUndefined();
  });
});
