import { basename, join } from 'node:path';

import { type DistilBertConfig, quantizedModel, type Weights } from '@marquee/distilbert';
import { fileDigest, readReviews, visitTexts } from '@marquee/dataset';
import { GRAPH_FILES, type Manifest, memberFile, readManifest } from '@marquee/model-core';

import { type ArtifactWeights, readArtifactWeights } from './artifact-weights.js';
import { publishGraph, updateManifest } from './artifact-writer.js';
import { requireWritableFolder, writeDurably } from './durable-write.js';
import { type EnclosingArtifact, findEnclosing, renewEnclosing } from './enclosing-artifact.js';
import {
  describeEquivalence,
  type EquivalenceReport,
  type EquivalenceVerdict,
  judgeEquivalence,
} from './equivalence-gate.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { CARD_FILE, describeModel } from './model-card.js';
import { requireNoOtherRun } from './output-folder.js';
import { type JudgingText, scoreGraphs } from './score-graphs.js';
import { describeArtifact, madeArtifact } from './tracking/describe-artifact.js';
import { plainOptions } from './tracking/describe-training.js';
import { flattenMetrics } from './tracking/flatten-metrics.js';
import { recordRun, type RunWatch } from './tracking/record-run.js';
import type { RunEnd } from './tracking/run-record.js';
import { TrainerError } from './trainer-error.js';
import { transformerFolders } from './transformer-folders.js';
import { describeKept, verdictToKeep } from './verdict-to-keep.js';

export interface QuantizeOptions {
  readonly model: string;
  readonly testFile: string;
  readonly unlabeled: boolean;
  readonly outputDir: string;
  /** Points of accuracy. */
  readonly margin: number;
  readonly textColumnName: string;
  readonly labelColumnName: string;
  readonly maxEvalSamples: number | undefined;
  readonly threads: number | undefined;
}

/** What a new int8 graph changes in the folder of its transformer, beside the manifest. */
const RENEWED = [GRAPH_FILES.int8, CARD_FILE];
const REPORT_FILE = 'equivalence_report.json';

interface JudgedTransformer {
  /** Of its folder. */
  readonly name: string;
  readonly report: EquivalenceReport;
  /** Why its artifact is unchanged. */
  readonly refusal?: TrainerError;
}

type Quantize = (config: DistilBertConfig, weights: Weights) => Uint8Array;

/** What the graphs are judged on, and how they are made. */
interface Trial {
  readonly reviews: readonly JudgingText[];
  readonly data: { readonly sha256: string; readonly rows: number };
  readonly quantize: Quantize;
}

/**
 * Makes the int8 graph of an artifact (of a blend or cascade, of its transformers) anew, judges it against the fp32 graph of the same weights, writes the report, and publishes the graph in the artifact unless it
 * is refused. Throws `NOT_EQUIVALENT` for a refused one, which leaves the artifact as it was, `OUTPUT_NOT_EMPTY` for the folder of another command's run, `INTERRUPTED`, and what
 * reading throws.
 */
export async function runQuantization(
  options: QuantizeOptions,
  watch: RunWatch,
  quantize: Quantize = quantizedModel,
): Promise<void> {
  const { model, testFile, outputDir } = options;
  await requireNoOtherRun(outputDir, 'quantize');
  const folders = await transformerFolders(model);
  if (folders.length === 0)
    throw new TrainerError('INVALID_MODEL', `${model}: expected a transformer, got a linear model`);
  const reviews = await readTestFile(options);
  const data = { sha256: await fileDigest(testFile), rows: reviews.length };
  await requireWritableFolder(outputDir);
  const judged = await recordRun({
    dir: outputDir,
    start: {
      command: 'quantize',
      options: plainOptions(options),
      data: { test: data },
      model: await describeArtifact(model),
    },
    files: folders.map((folder) => reportPath(folder, folders.length)),
    mirror: watch.mirror,
    run: () => quantizeEach(folders, options, { reviews, data, quantize }, watch),
    endOf: (transformers) => endOfQuantization(options, transformers, folders.length > 1),
  });
  for (const { refusal } of judged) if (refusal) throw refusal;
}

/** Ends with the first that is refused. */
async function quantizeEach(
  folders: readonly string[],
  options: QuantizeOptions,
  trial: Trial,
  watch: RunWatch,
): Promise<JudgedTransformer[]> {
  const judged: JudgedTransformer[] = [];
  for (const model of folders) {
    const name = basename(model);
    const outputDir = folders.length === 1 ? options.outputDir : join(options.outputDir, name);
    const outcome = await quantizeTransformer({ ...options, model, outputDir }, trial, watch);
    judged.push({ name, ...outcome });
    if (outcome.refusal) break;
  }
  return judged;
}

/** Of several transformers, each has a folder of its own. */
const reportPath = (folder: string, count: number): string =>
  count === 1 ? REPORT_FILE : `${basename(folder)}/${REPORT_FILE}`;

const WORST_FIRST: readonly EquivalenceVerdict[] = ['refused', 'inconclusive', 'equivalent'];

/** Of several transformers, the figures go by their names, and the verdict is the worst. */
async function endOfQuantization(
  { model }: QuantizeOptions,
  judged: readonly JudgedTransformer[],
  areSeveral: boolean,
): Promise<RunEnd> {
  const figures = judged.flatMap(({ name, report }) =>
    Object.entries(flattenMetrics(report, areSeveral ? `${name}.` : '')),
  );
  const verdict = WORST_FIRST.find((each) => judged.some(({ report }) => report.verdict === each));
  const found = { metrics: Object.fromEntries(figures), ...(verdict && { verdict }) };
  const refusal = judged.at(-1)?.refusal;
  if (!refusal) return { status: 'finished', ...found, artifact: await madeArtifact(model, await readManifest(model)) };
  return { status: 'failed', error: { code: refusal.code, message: refusal.message }, ...found };
}

async function quantizeTransformer(
  options: QuantizeOptions,
  { reviews, data, quantize }: Trial,
  watch: EvaluationWatch,
): Promise<Omit<JudgedTransformer, 'name'>> {
  const { model, outputDir } = options;
  const enclosing = await findEnclosing(model, RENEWED);
  const read = await readArtifactWeights(model, RENEWED);
  await requireWritableFolder(outputDir);
  const int8Graph = quantize(read.config, read.weights);
  const scores = await scoreGraphs(options, read, int8Graph, reviews, watch);
  const report = judgeEquivalence(scores, options.margin);
  const path = join(outputDir, REPORT_FILE);
  const { version } = read.manifest;
  await writeDurably(path, `${JSON.stringify({ ...report, data, model: { version } }, null, 2)}\n`);
  watch.progress.say(describeEquivalence(report));
  if (report.verdict === 'refused') {
    const expectation = `${model}: expected an int8 graph that answers as the fp32 graph does`;
    const refusal = `${expectation}; the artifact is unchanged, ${path} has the report`;
    return { report, refusal: new TrainerError('NOT_EQUIVALENT', refusal) };
  }
  const kept = verdictToKeep(read.manifest, int8Graph, report);
  if (kept) watch.progress.say(describeKept(model, kept, report));
  const equivalence = kept ?? toJson({ ...report, data });
  await publishInt8(model, enclosing, { ...read.manifest, equivalence }, int8Graph, watch);
  const sizeMb = (int8Graph.length / 1e6).toFixed(1);
  watch.progress.say(`${join(model, GRAPH_FILES.int8)}: ${sizeMb} MB, entered in manifest.json; report in ${path}`);
  return { report };
}

/** Enters graph and verdict in manifest and card of the transformer, and of the blend or cascade that it is a member of. */
async function publishInt8(
  model: string,
  enclosing: EnclosingArtifact | undefined,
  manifest: ArtifactWeights['manifest'],
  int8Graph: Uint8Array,
  { progress }: EvaluationWatch,
): Promise<void> {
  const published = await publishGraph(model, manifest, 'int8', int8Graph);
  if (CARD_FILE in published.files) {
    await writeDurably(join(model, CARD_FILE), describeModel(published));
    await updateManifest(model, published, []);
  }
  if (!enclosing) return;
  await renewEnclosing(enclosing, manifest.equivalence && { equivalence: manifest.equivalence });
  const fittedOn = enclosing.manifest.files[memberFile(enclosing.member, GRAPH_FILES.int8)];
  if (published.files[GRAPH_FILES.int8]?.sha256 !== fittedOn?.sha256)
    progress.say(`${enclosing.dir}: its weights were fitted on another int8 graph; npm run blend fits them anew`);
}

async function readTestFile(options: QuantizeOptions): Promise<readonly JudgingText[]> {
  const { testFile, textColumnName: textColumn, labelColumnName: labelColumn, maxEvalSamples } = options;
  const limit = maxEvalSamples === undefined ? {} : { maxRows: maxEvalSamples };
  if (!options.unlabeled) return readReviews(testFile, { textColumn, labelColumn, ...limit });
  const texts: JudgingText[] = [];
  await visitTexts(testFile, { textColumn, ...limit }, (text) => texts.push({ text }));
  return texts;
}

const toJson = (report: object): NonNullable<Manifest['equivalence']> =>
  JSON.parse(JSON.stringify(report)) as NonNullable<Manifest['equivalence']>;
