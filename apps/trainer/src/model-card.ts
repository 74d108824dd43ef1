import type { JsonObject, JsonValue, Manifest, ManifestOf } from '@marquee/model-core';

import { LINEAR_BASELINE } from './linear-baseline.js';
import { formatSeconds } from './progress.js';

export const CARD_FILE = 'README.md';

/** Of the training data, whatever the model. */
export const ERRS_MOST =
  'It was trained on reviews of films in English: other languages, other things reviewed, irony and mixed opinions are where it errs most.';

/** The model card (Mitchell et al. 2019) of an artifact, from its manifest: Markdown with the metadata that Hugging Face's hub reads. */
export function describeModel(manifest: ManifestOf<'transformer'>): string {
  const { training = {}, metrics = {}, calibration, equivalence, text, parameters, version } = manifest;
  return [
    '---',
    'language: en',
    'library_name: transformers.js',
    'pipeline_tag: text-classification',
    'tags: [sentiment, movie-reviews, distilbert, onnx]',
    '---',
    '',
    `# Movie-review sentiment, version ${version}`,
    '',
    `A DistilBERT of ${parameters.toLocaleString('en')} parameters that reads English movie reviews and says \`negative\` or \`positive\`.`,
    `It reads at most ${text.maxLength} tokens of a review; of a longer one the ${text.truncation} is kept.`,
    'Trained, quantized and evaluated by Marquee on ONNX Runtime, without Python.',
    '',
    '## Figures',
    '',
    ...metricTable(metrics),
    '',
    'Intervals are 95 % bootstrap intervals. int8 is what is served on a CPU; fp32 is the same weights unquantized.',
    ...(metricTable(metrics).some((row) => row.includes(LINEAR_BASELINE))
      ? [
          `The ${LINEAR_BASELINE} is an NB-weighted logistic regression on 1- to 3-grams, fitted on the same training reviews.`,
        ]
      : []),
    'Rows that the model or a parent of it was trained on are counted as seen.',
    '',
    ...describeJudgements(calibration, equivalence),
    '',
    '## Training',
    '',
    ...describeTraining(manifest, training),
    '',
    '## Limits',
    '',
    ERRS_MOST,
    'Its confidence is not a probability that was calibrated on your texts. It must not be used to judge people.',
    '',
  ].join('\n');
}

export function metricTable(metrics: JsonObject): string[] {
  const rows = Object.entries(metrics).flatMap(([part, graphs]) =>
    Object.entries(asObject(graphs)).flatMap(([graph, report]) => {
      const all = asObject(report);
      const unseen = all['unseen'];
      return [
        ...(unseen === undefined ? [] : [metricRow(part, graph, 'unseen', asObject(unseen))]),
        metricRow(
          part,
          graph,
          all['seen_rows'] === 0 ? 'all (none seen)' : `all (${show(all['seen_rows'])} seen)`,
          all,
        ),
      ];
    }),
  );
  if (rows.length === 0) return ['No reviews were kept for validation or test.'];
  return [...tableHead(['data', 'graph', 'rows', 'n', 'accuracy', 'F1', 'ROC AUC', 'log loss']), ...rows];
}

function metricRow(part: string, graph: string, rows: string, report: JsonObject): string {
  const number = (name: string): string => (typeof report[name] === 'number' ? report[name].toFixed(4) : '–');
  const [low, high] = (asObject(report['intervals'])['accuracy'] ?? []) as number[];
  const accuracy = `${number('accuracy')} (${low?.toFixed(4)}–${high?.toFixed(4)})`;
  return tableRow([
    part,
    graph,
    rows,
    show(report['n']),
    accuracy,
    number('f1'),
    number('roc_auc'),
    number('log_loss'),
  ]);
}

/** Lines on what an artifact of this release says of itself; an older one says nothing. */
export function describeJudgements(calibration: JsonObject | undefined, equivalence: JsonObject | undefined): string[] {
  const lines: string[] = [];
  if (calibration) {
    const { temperature, rows, reason } = calibration;
    const fitted = `Logits are divided by the temperature ${show(temperature)}, fitted on ${show(rows)} validation reviews.`;
    lines.push(reason === undefined ? fitted : `Probabilities are not calibrated: ${show(reason)}.`);
  }
  if (equivalence) {
    const { verdict, rows, flips, reasons } = equivalence;
    const why = Array.isArray(reasons) ? reasons.map(show).join('; ') : '';
    lines.push(`int8 against fp32 on ${show(rows)} reviews: **${show(verdict)}**, ${show(flips)} labels flip; ${why}.`);
  }
  return lines;
}

function describeTraining({ createdAt, parent = {} }: Manifest, training: JsonObject): string[] {
  const parentName = parent['version'] === undefined ? 'a model' : `version ${show(parent['version'])}`;
  return [
    `Started from the encoder of ${parentName} whose \`model.safetensors\` has SHA-256 \`${show(parent['weightsSha256'])}\`, with a new head.`,
    `${show(training['steps'])} steps in ${formatSeconds(Number(training['seconds']))} (h:mm:ss), finished on ${createdAt.slice(0, 10)}.`,
    ...describeCourse(training),
    '',
    ...describeSources(training),
    '',
    ...describeOptions(training),
  ];
}

/** Lines on the best model and on what the training took; an artifact of an older release says nothing of either. */
function describeCourse(training: JsonObject): string[] {
  const { bestStep, bestMetric, stoppedEarly, tokensPerSecond, peakMemoryBytes } = training;
  const lines: string[] = [];
  if (typeof bestMetric === 'number') {
    const metric = show(asObject(training['options'])['metricForBestModel']);
    const end = stoppedEarly === true ? ' Training stopped early.' : '';
    lines.push(
      `Best on the validation reviews after step ${show(bestStep)}, ${metric} ${bestMetric.toFixed(4)}.${end}`,
    );
  }
  if (typeof peakMemoryBytes === 'number')
    lines.push(`${show(tokensPerSecond)} tokens/s, peak memory ${(peakMemoryBytes / 1e9).toFixed(2)} GB.`);
  return lines;
}

/** The files that a model was made with. */
export function describeSources(training: JsonObject): string[] {
  const data = Object.entries(asObject(training['data'])).map(([part, source]) => {
    const { rows, sha256 } = asObject(source);
    return tableRow([part, show(rows), `\`${show(sha256)}\``]);
  });
  return [...tableHead(['data', 'reviews', 'SHA-256 of the file']), ...data];
}

/** The options that a model was made with, those not given left out. */
export function describeOptions(training: JsonObject): string[] {
  const options = Object.entries(asObject(training['options'])).filter(([, value]) => value !== null);
  return [...tableHead(['option', 'value']), ...options.map(([name, value]) => tableRow([name, show(value)]))];
}

const tableRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const tableHead = (names: readonly string[]): string[] => [tableRow(names), tableRow(names.map(() => '---'))];
const show = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? '–');
export const asObject = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
