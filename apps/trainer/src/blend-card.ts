import type { Manifest } from '@marquee/model-core';

import { formatBlend } from './blend-weights.js';
import {
  asObject,
  describeJudgements,
  describeOptions,
  describeSources,
  ERRS_MOST,
  metricTable,
} from './model-card.js';

const MEANINGS = {
  transformer: 'A transformer',
  linear:
    'A linear model on hashed words, pairs and triples of words (NB-weighted logistic regression); it holds no words',
  blend: 'A weighted sum of what a linear model and the transformers beside it say',
  cascade:
    'A cascade: a linear model answers the reviews that it is sure of, and its blend with the transformers beside it answers the rest',
} as const;

/** The model card (Mitchell et al. 2019) of a linear model, a blend or a cascade, from its manifest. */
export function describeBlend(manifest: Manifest): string {
  const { kind, version, parameters, training = {}, metrics = {}, createdAt, equivalence } = manifest;
  return [
    '---',
    'language: en',
    'pipeline_tag: text-classification',
    `tags: [sentiment, movie-reviews, ${kind}]`,
    '---',
    '',
    `# Movie-review sentiment, version ${version}`,
    '',
    `${MEANINGS[kind]}. It reads English movie reviews and says \`negative\` or \`positive\`.`,
    `${parameters.toLocaleString('en')} parameters; made by Marquee on ${createdAt.slice(0, 10)}.`,
    '',
    ...describeRule(manifest),
    '## Figures',
    '',
    ...metricTable(metrics),
    '',
    'Intervals are 95 % bootstrap intervals. On validation, blend and cascade are cross-fitted: each review is judged by weights that were fitted without it; the',
    'threshold of a cascade was chosen on the same reviews.',
    '',
    ...(equivalence ? [`Of its transformer, ${describeJudgements(undefined, equivalence).join(' ')}`, ''] : []),
    '## Making',
    '',
    ...describeSources(training),
    '',
    ...describeOptions(training),
    '',
    '## Limits',
    '',
    ERRS_MOST,
    `${describeConfidence(manifest)} It must not be used to judge people.`,
    '',
    ...describeLicenses(manifest),
  ].join('\n');
}

/** Members keep the licenses and notices of what they were derived from. */
function describeLicenses({ files }: Manifest): string[] {
  const found = Object.keys(files).filter((path) => /\/(LICENSE|NOTICE)[^/]*$/.test(path));
  if (found.length === 0) return [];
  return ['## Licenses', '', ...found.map((path) => `- [${path}](${path})`), ''];
}

/** The weights of a blend are a logistic regression's, and need no temperature. */
function describeConfidence({ kind, calibration }: Manifest): string {
  const isCalibrated = kind !== 'linear' || calibration?.['reason'] === undefined;
  return isCalibrated
    ? 'Its confidence was calibrated on reviews like those that it was trained on, not on your texts.'
    : 'Its confidence is not calibrated.';
}

function describeRule(manifest: Manifest): string[] {
  if (!('blend' in manifest)) return [];
  const sum = `The blend's logit is ${formatBlend(manifest.blend)}.`;
  if (manifest.kind === 'blend') return [sum, ''];
  const { coverage } = asObject(manifest.training?.['cascade']);
  const share =
    typeof coverage === 'number' ? `, as it did for ${(100 * coverage).toFixed(1)} % of the validation reviews` : '';
  const threshold = manifest.cascade.threshold.toFixed(3);
  return [`${sum} The linear model answers alone where its logit is beyond ±${threshold}${share}.`, ''];
}
