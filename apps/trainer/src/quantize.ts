import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { type DistilBertConfig, inferenceModel, quantizedModel, type Weights } from '@marquee/distilbert';
import { fileDigest, readReviews, visitTexts } from '@marquee/dataset';
import {
  GRAPH_FILES,
  loadClassifier,
  type Manifest,
  memberFile,
  readArtifact,
  writeManifest,
} from '@marquee/model-core';

import { type ArtifactWeights, readArtifactWeights } from './artifact-weights.js';
import { publishGraph, updateManifest } from './artifact-writer.js';
import { requireWritableFolder, writeDurably } from './durable-write.js';
import { findEnclosing, renewEnclosing } from './enclosing-artifact.js';
import { describeEquivalence, type GraphScores, judgeEquivalence } from './equivalence-gate.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { CARD_FILE, describeModel } from './model-card.js';
import { scoreReviews } from './score-reviews.js';
import { sessionOptions } from './session-options.js';
import { transformerFolders } from './transformer-folders.js';
import { TrainerError } from './trainer-error.js';

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

/**
 * Makes the int8 graph of an artifact (of a blend or cascade, of its transformers) anew, judges it against the fp32 graph of the same weights, writes the report, and publishes the graph in the artifact unless it
 * is refused. Throws `NOT_EQUIVALENT` for a refused one, which leaves the artifact as it was, and `INTERRUPTED`.
 */
export async function runQuantization(
  options: QuantizeOptions,
  watch: EvaluationWatch,
  quantize: (config: DistilBertConfig, weights: Weights) => Uint8Array = quantizedModel,
): Promise<void> {
  const folders = await transformerFolders(options.model);
  if (folders.length === 0)
    throw new TrainerError('INVALID_MODEL', `${options.model}: expected a transformer, got a linear model`);
  const reviews = await readTestFile(options);
  for (const model of folders) {
    const outputDir = folders.length === 1 ? options.outputDir : join(options.outputDir, basename(model));
    await quantizeTransformer({ ...options, model, outputDir }, reviews, watch, quantize);
  }
}

async function quantizeTransformer(
  options: QuantizeOptions,
  reviews: readonly Text[],
  watch: EvaluationWatch,
  quantize: (config: DistilBertConfig, weights: Weights) => Uint8Array,
): Promise<void> {
  const { model, outputDir } = options;
  const enclosing = await findEnclosing(model, RENEWED);
  const read = await readArtifactWeights(model, RENEWED);
  await requireWritableFolder(outputDir);
  const int8Graph = quantize(read.config, read.weights);
  const scores = await scoreGraphs(options, read, int8Graph, reviews, watch);
  const data = { sha256: await fileDigest(options.testFile), rows: reviews.length };
  const report = { ...judgeEquivalence(scores, options.margin), data };
  const path = join(outputDir, REPORT_FILE);
  const { version } = read.manifest;
  await writeDurably(path, `${JSON.stringify({ ...report, model: { version } }, null, 2)}\n`);
  watch.progress.say(describeEquivalence(report));
  if (report.verdict === 'refused') {
    const expectation = `${model}: expected an int8 graph that answers as the fp32 graph does`;
    throw new TrainerError('NOT_EQUIVALENT', `${expectation}; the artifact is unchanged, ${path} has the report`);
  }
  const equivalence = toJson(report);
  const published = await publishGraph(model, { ...read.manifest, equivalence }, 'int8', int8Graph);
  if (CARD_FILE in published.files) {
    await writeDurably(join(model, CARD_FILE), describeModel(published));
    await updateManifest(model, published, []);
  }
  if (enclosing) {
    await renewEnclosing(enclosing, { equivalence });
    const fittedOn = enclosing.manifest.files[memberFile(enclosing.member, GRAPH_FILES.int8)];
    if (published.files[GRAPH_FILES.int8]?.sha256 !== fittedOn?.sha256)
      watch.progress.say(
        `${enclosing.dir}: its weights were fitted on another int8 graph; npm run blend fits them anew`,
      );
  }
  const sizeMb = (int8Graph.length / 1e6).toFixed(1);
  watch.progress.say(`${join(model, GRAPH_FILES.int8)}: ${sizeMb} MB, entered in manifest.json; report in ${path}`);
}

interface Text {
  readonly text: string;
  /** Absent where the file has none. */
  readonly label?: 0 | 1;
}

async function readTestFile(options: QuantizeOptions): Promise<readonly Text[]> {
  const { testFile, textColumnName: textColumn, labelColumnName: labelColumn, maxEvalSamples } = options;
  const limit = maxEvalSamples === undefined ? {} : { maxRows: maxEvalSamples };
  if (!options.unlabeled) return readReviews(testFile, { textColumn, labelColumn, ...limit });
  const texts: Text[] = [];
  await visitTexts(testFile, { textColumn, ...limit }, (text) => texts.push({ text }));
  return texts;
}

/** Both graphs as they would be served: from an artifact of their own, which is gone afterwards. */
async function scoreGraphs(
  options: QuantizeOptions,
  { manifest, config, weights }: ArtifactWeights,
  int8Graph: Uint8Array,
  reviews: readonly Text[],
  watch: EvaluationWatch,
): Promise<GraphScores> {
  const trial = await mkdtemp(join(options.outputDir, '.trial-'));
  try {
    await writeTrial(trial, options.model, manifest, { int8: int8Graph, fp32: inferenceModel(config, weights) });
    const score = async (graph: 'int8' | 'fp32'): Promise<Float64Array> => {
      const classifier = await loadClassifier(trial, { device: 'cpu', graph, ...sessionOptions(options) });
      const { probabilities } = await scoreReviews(classifier, reviews, watch).finally(() => classifier.close());
      return probabilities;
    };
    const labels = options.unlabeled ? {} : { labels: reviews.map(({ label }) => label ?? NaN) };
    return { int8: await score('int8'), fp32: await score('fp32'), ...labels };
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

const TEXT_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

async function writeTrial(
  trial: string,
  model: string,
  manifest: Manifest,
  graphs: Readonly<Record<'int8' | 'fp32', Uint8Array>>,
): Promise<void> {
  const artifact = await readArtifact(model, { files: TEXT_FILES });
  const files = new Map<string, Uint8Array>([
    ...TEXT_FILES.map((name) => [name, artifact.bytes(name)] as const),
    [GRAPH_FILES.int8, graphs.int8],
    [GRAPH_FILES.fp32, graphs.fp32],
  ]);
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(trial, name)), { recursive: true });
    await writeFile(join(trial, name), bytes);
  }
  const { seenRows: _, goldenInputs: __, ...draft } = manifest;
  await writeManifest(trial, draft, files.keys());
}

const toJson = (report: object): NonNullable<Manifest['equivalence']> =>
  JSON.parse(JSON.stringify(report)) as NonNullable<Manifest['equivalence']>;
