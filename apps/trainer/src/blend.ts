import { join } from 'node:path';

import { type JsonObject, loadClassifier, type Manifest } from '@marquee/model-core';

import { type BlendMembers, completeArtifact, writeBlend, writeLinear } from './blend-artifact.js';
import type { BlendOptions } from './blend-options.js';
import { describeChoice, describeMaking, type Ingredients, reportValidation } from './blend-report.js';
import type { MemberLogits } from './blend-weights.js';
import { describeCalibration } from './calibration.js';
import { DATA_REPORT_FILE, SPLIT_FILE, writeDataFiles } from './data-files.js';
import { describeData } from './describe-data.js';
import { type DividedData, divideReviews, pickRows, type RowsPart } from './divide-data.js';
import { describeEvaluated, evaluateArtifact } from './evaluate-artifact.js';
import { fitCascade } from './fit-cascade.js';
import { fitLinearBaseline, labelsOf, type LinearBaseline, linearLogits } from './linear-baseline.js';
import { linearMemberBeside } from './linear-beside.js';
import { checkOutputFolder, prepareOutputFolder, requireApart } from './output-folder.js';
import { writeEvaluationPage } from './report/evaluation-results.js';
import { RESULT_FILES, RESULTS_FOLDER } from './report/result-files.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';
import { endOfArtifact, plainOptions } from './tracking/describe-training.js';
import { recordRun, type RunWatch } from './tracking/record-run.js';
import { TrainerError } from './trainer-error.js';
import { sessionOptions } from './session-options.js';
import { transformerFolders } from './transformer-folders.js';

const MAX_SEEN_SHARE = 0.1;

type Blending = Ingredients & RunWatch;

/**
 * Fits a linear model on the training reviews, and on the validation reviews its blend with trained models and the threshold of a cascade; writes the artifact. Throws
 * `INVALID_OPTION` without what the kind needs or where the transformers have seen what they are to be judged by, `INTERRUPTED`, and what reading and loading throw.
 */
export async function runBlend(options: BlendOptions, watch: RunWatch): Promise<Manifest> {
  const { outputDir, kind } = options;
  const output = { ...options, modelNameOrPath: options.model[0] ?? '', saveTotalLimit: 1 };
  await checkOutputFolder(output, undefined);
  const transformers = kind === 'linear' ? new Map<string, string>() : await nameTransformers(options.model);
  requireApart(outputDir, [...options.model, ...transformers.values()]);
  const learned = await readLearned(transformers.values());
  const anyLearned = new Set([...learned.values()].flatMap((digests) => [...digests]));
  const data = withoutValidation(await divideReviews(options, anyLearned));
  if (kind !== 'linear') requireValidation(data, options);
  if (data.validation) requireUnseen(learned, data.validation, options);
  await prepareOutputFolder(output, 0);
  await writeDataFiles(outputDir, data);
  for (const line of describeData(data.report)) watch.progress.say(line);
  const { train, validation, test } = data;
  const parts = Object.entries({ train, validation, test });
  const manifest = await recordRun({
    dir: outputDir,
    start: {
      command: 'blend',
      options: plainOptions(options),
      data: Object.fromEntries(parts.flatMap(([name, part]) => (part ? [[name, part.source]] : []))),
    },
    files: [DATA_REPORT_FILE, SPLIT_FILE],
    resultsDir: join(outputDir, RESULTS_FOLDER),
    mirror: watch.mirror,
    run: () => make({ ...watch, options, data, transformers }),
    endOf: (made) => endOfArtifact(outputDir, made),
  });
  watch.progress.say(`the ${kind} is in ${outputDir}; serve it with: npm start -- --model ${outputDir}`);
  return manifest;
}

/** Digests of what each model was trained on, by its folder. */
async function readLearned(folders: Iterable<string>): Promise<Map<string, Set<string>>> {
  return new Map(await Promise.all([...folders].map(async (dir) => [dir, await readSeenRows(dir)] as const)));
}

/** Training reviews that also stand in the validation file are not fitted on: the linear model would be taken for surer than it is. */
function withoutValidation(data: DividedData<RowsPart>): DividedData<RowsPart> {
  const judged = new Set(data.validation?.rowDigests);
  const rows = [...data.train.reviews.keys()].filter((row) => !judged.has(data.train.rowDigests[row] ?? ''));
  return { ...data, train: pickRows(data.train, rows) };
}

/** A handful of reviews, or those of one label, would make a blend that says the same of all. */
function requireValidation({ train, validation }: DividedData<RowsPart>, options: BlendOptions): void {
  const { kind, dataFile, validationFile, validationSplitPercentage = 0 } = options;
  const rows = validation?.reviews.length ?? 0;
  const share = validationFile === undefined ? validationSplitPercentage / 100 : 0;
  const wanted = Math.ceil(share * (train.reviews.length + rows));
  const hasBothLabels = new Set(validation?.reviews.map(({ label }) => label)).size === 2;
  if (rows >= wanted / 2 && hasBothLabels) return;
  const refused = (flag: string, expectation: string): TrainerError =>
    new TrainerError('INVALID_OPTION', `${flag}: expected ${expectation}`);
  const purpose = `to fit a ${kind} on`;
  if (dataFile !== undefined) throw refused('--data-file', `validation reviews of both labels ${purpose}, got ${rows}`);
  if (validationFile !== undefined)
    throw refused('--validation-file', `reviews of both labels ${purpose}, got ${rows} of one label`);
  if (wanted === 0) throw refused('--validation-file', `it, or a part held out, ${purpose}; got neither`);
  const unseen = `some ${wanted} reviews of both labels that no model has learned`;
  throw refused('--train-file', `${unseen}, ${purpose}, got ${rows}; or name a --validation-file`);
}

/** Fitted on reviews that a transformer has learned, weights and threshold would trust it too much. A few of them do no harm. */
function requireUnseen(
  learned: ReadonlyMap<string, ReadonlySet<string>>,
  { rowDigests }: RowsPart,
  { dataFile }: Pick<BlendOptions, 'dataFile'>,
): void {
  for (const [dir, seen] of learned) {
    const count = rowDigests.filter((digest) => seen.has(digest)).length;
    if (count <= MAX_SEEN_SHARE * rowDigests.length) continue;
    const found = `got ${count} of ${rowDigests.length} that it was`;
    const [flag, way] =
      dataFile === undefined
        ? ['--validation-file', 'without one, training reviews that it was not trained on are held out']
        : ['--data-file', 'name the --split-file that its training wrote'];
    throw new TrainerError(
      'INVALID_OPTION',
      `${flag}: expected validation reviews that ${dir} was not trained on, ${found}: ${way}`,
    );
  }
}

async function nameTransformers(folders: readonly string[]): Promise<Map<string, string>> {
  const found = (await Promise.all(folders.map(transformerFolders))).flat();
  if (found.length === 0)
    throw new TrainerError('INVALID_OPTION', '--model: expected a transformer, got a linear model');
  return new Map(found.map((dir, index) => [found.length === 1 ? 'transformer' : `transformer-${index + 1}`, dir]));
}

async function make(blending: Blending): Promise<Manifest> {
  const { options, data, transformers, progress } = blending;
  const { train, validation } = data;
  const linear = fitLinear(blending);
  const members: BlendMembers = { linear, linearRows: train.rowDigests, transformers };
  const { outputDir, kind } = options;
  if (kind === 'linear' || !validation) {
    const logits = validation ? { linear: linearLogits(linear.model, validation.reviews) } : {};
    const metrics = await reportValidation(blending, logits);
    return finish(blending, await writeLinear(outputDir, members, { training: describeMaking(blending), metrics }));
  }
  const scored = await scoreTransformers(blending, validation);
  const logits = { linear: linearLogits(linear.model, validation.reviews), ...scored };
  const fitted = fitCascade(logits, labelsOf(validation.reviews), options);
  progress.say(describeChoice(fitted));
  const metrics = await reportValidation(blending, fitted.logits);
  const making = { training: describeMaking(blending, fitted), metrics };
  return finish(blending, await writeBlend(outputDir, kind, members, fitted, making));
}

function fitLinear({ options, data, progress }: Blending): LinearBaseline {
  const { train, validation } = data;
  progress.say(`fitting a linear model on ${train.reviews.length} reviews`);
  const linear = fitLinearBaseline(train.reviews, validation?.reviews, { seed: options.seed });
  if (!linear) throw new TrainerError('INVALID_OPTION', '--train-file: expected reviews of both labels, got one label');
  progress.say(`linear: ${describeCalibration(linear.calibration)}`);
  return linear;
}

/** What each transformer says of the reviews, as it is served. */
async function scoreTransformers(
  { options, transformers, ...watch }: Blending,
  { reviews }: RowsPart,
): Promise<MemberLogits> {
  const logits: Record<string, Float64Array> = {};
  for (const [name, dir] of transformers) {
    const classifier = await load(dir, options);
    ({ logits: logits[name] } = await scoreReviews(classifier, reviews, watch).finally(() => classifier.close()));
  }
  return logits;
}

const load = (dir: string, options: BlendOptions) => loadClassifier(dir, { device: 'cpu', ...sessionOptions(options) });

/** Evaluates the written artifact on the test reviews, where there are any, and completes it. */
async function finish(blending: Blending, manifest: Manifest): Promise<Manifest> {
  const { options, data, progress } = blending;
  const { outputDir } = options;
  const { metrics = {} } = manifest;
  if (!data.test) return completeArtifact(outputDir, manifest, metrics);
  const classifier = await load(outputDir, options);
  const judging = evaluateArtifact(outputDir, classifier, data.test, blending);
  const { evaluated, effort } = await judging.finally(() => classifier.close());
  const beside = await linearMemberBeside(outputDir, data.test, blending);
  for (const line of describeEvaluated(evaluated, beside)) progress.say(line);
  const resultsDir = join(outputDir, RESULTS_FOLDER);
  await writeEvaluationPage(resultsDir, evaluated, beside, effort);
  progress.say(`pictures, figures and ${RESULT_FILES.page} are in ${resultsDir}`);
  const { report, stages } = evaluated;
  const others = Object.fromEntries(beside.map((other) => [other.name, other.report]));
  const test = { [options.kind]: { ...report, ...(stages.length > 0 && { stages }) }, ...others };
  return completeArtifact(outputDir, manifest, { ...metrics, test: test as unknown as JsonObject });
}
