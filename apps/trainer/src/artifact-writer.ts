import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type DistilBertConfig,
  exportWeights,
  importWeights,
  parameterCount,
  quantizedModel,
  saliencyModel,
  type Weight,
  type Weights,
} from '@marquee/distilbert';
import {
  createTokenizerJson,
  DEFAULT_GOLDEN_TOLERANCE,
  type GoldenInput,
  type Graph,
  GRAPH_FILES,
  type JsonObject,
  LABELS,
  loadTransformer,
  type Manifest,
  type ManifestDraft,
  type ManifestOf,
  SALIENCY_FILE,
  type Truncation,
  writeManifest,
} from '@marquee/model-core';
import { decodeSafetensors, encodeSafetensors } from '@marquee/safetensors';

import { writeDurably } from './durable-write.js';
import { GOLDEN_REVIEWS } from './golden-reviews.js';
import { encodeSeenRows, SEEN_ROWS_FILE } from './seen-rows.js';
import type { StartingModel } from './starting-model.js';

export type TransformerManifest = ManifestOf<'transformer'>;

export interface ArtifactContents {
  readonly model: StartingModel;
  readonly config: DistilBertConfig;
  readonly weights: Weights;
  readonly text: { readonly maxLength: number; readonly truncation: Truncation };
  readonly seenRows: ReadonlySet<string>;
  readonly parent: JsonObject;
  readonly training: JsonObject;
}

export interface WrittenArtifact {
  readonly manifest: TransformerManifest;
  /** As stored: every graph of the artifact computes with these. */
  readonly weights: Weights;
}

/**
 * Writes a model folder in Hugging Face's layout with our manifest. Everything is generated from the weights as they are stored (float16), so that
 * whatever is exported from the folder later computes the same function.
 */
export async function writeArtifact(dir: string, contents: ArtifactContents): Promise<WrittenArtifact> {
  const { model, config, text } = contents;
  const stored = encodeSafetensors(exportWeights(contents.weights, 'F16'));
  const weights = readStoredWeights(stored, config);
  const files = new Map<string, Uint8Array | string>([
    ['config.json', toJson(configJson(config))],
    ...tokenizerFiles(model, text),
    ['model.safetensors', stored],
    [GRAPH_FILES.int8, quantizedModel(config, weights)],
    [SALIENCY_FILE, saliencyModel(config)],
    [SEEN_ROWS_FILE, encodeSeenRows(contents.seenRows)],
    ...model.licenses,
  ]);
  for (const [name, bytes] of files) await writeDurably(join(dir, name), bytes);
  const draft: ManifestDraft<'transformer'> = {
    kind: 'transformer',
    createdAt: new Date().toISOString(),
    parent: contents.parent,
    text,
    labels: LABELS,
    parameters: parameterCount(config),
    training: contents.training,
    seenRows: { file: SEEN_ROWS_FILE, count: contents.seenRows.size },
    goldenTolerance: DEFAULT_GOLDEN_TOLERANCE,
  };
  const manifest = await writeManifest(dir, draft, files.keys());
  return { manifest: await enterGoldenInputs(dir, manifest, 'int8'), weights };
}

/** Writes a changed manifest, with these files added and all digests renewed. */
export const updateManifest = <M extends Manifest>(
  dir: string,
  manifest: M,
  added: readonly string[],
): Promise<ManifestOf<M['kind']>> => writeManifest(dir, manifest, [...Object.keys(manifest.files), ...added]);

/** Writes a graph into an artifact and enters it in the manifest, with what it answers to the golden inputs. */
export async function publishGraph(
  dir: string,
  manifest: TransformerManifest,
  graph: Graph,
  bytes: Uint8Array,
): Promise<TransformerManifest> {
  await writeDurably(join(dir, GRAPH_FILES[graph]), bytes);
  const entered = await updateManifest(dir, manifest, [GRAPH_FILES[graph]]);
  return enterGoldenInputs(dir, entered, graph);
}

/** Enters in the manifest what a graph of the artifact answers to the golden inputs. */
export async function enterGoldenInputs(
  dir: string,
  manifest: TransformerManifest,
  graph: Graph,
): Promise<TransformerManifest> {
  const { goldenTolerance = DEFAULT_GOLDEN_TOLERANCE } = manifest; // an artifact of an older release names none
  const goldenInputs = await recordGoldenInputs(dir, graph, manifest);
  return updateManifest(dir, { ...manifest, goldenInputs, goldenTolerance }, []);
}

/** Takes the int8 graph out of an artifact and puts its fp32 graph in. */
export async function replaceInt8(
  dir: string,
  manifest: TransformerManifest,
  fp32Graph: Uint8Array,
): Promise<TransformerManifest> {
  const { [GRAPH_FILES.int8]: _, ...files } = manifest.files;
  const replaced = await publishGraph(dir, { ...manifest, files }, 'fp32', fp32Graph);
  await rm(join(dir, GRAPH_FILES.int8), { force: true });
  return replaced;
}

function readStoredWeights(bytes: Uint8Array, config: DistilBertConfig): Map<string, Weight> {
  return importWeights(decodeSafetensors(bytes).tensors, config).weights;
}

/** What transformers, transformers.js and this project read; unknown keys are ignored by each. */
function configJson(config: DistilBertConfig): JsonObject {
  return {
    architectures: ['DistilBertForSequenceClassification'],
    ...config,
    ...ENCODER_JSON,
    problem_type: 'single_label_classification',
    torch_dtype: 'float16',
    'transformers.js_config': { dtype: 'q8' },
  };
}

/** What every model of the architecture says beside its sizes. */
export const ENCODER_JSON = { initializer_range: 0.02, sinusoidal_pos_embds: false, tie_weights_: true } as const;

/** The tokenizer of a starting model, as it reads reviews from now on. */
export const tokenizerFiles = (
  model: StartingModel,
  text: ArtifactContents['text'],
): (readonly [name: string, contents: Uint8Array | string])[] => [
  ['tokenizer.json', JSON.stringify(createTokenizerJson(model.tokenizerJson))],
  ['tokenizer_config.json', toJson(tokenizerConfigJson(model.tokenizerConfig, text))],
  ['vocab.txt', model.vocabulary],
];

function tokenizerConfigJson(base: JsonObject, { maxLength, truncation }: ArtifactContents['text']): JsonObject {
  const token = (name: string, fallback: string): string => (typeof base[name] === 'string' ? base[name] : fallback);
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: maxLength,
    model_input_names: ['input_ids', 'attention_mask'],
    // Other tools know only one side; both ends (head+tail) is our own, see manifest.json.
    truncation_side: truncation === 'tail' ? 'left' : 'right',
    padding_side: 'right',
    cls_token: token('cls_token', '[CLS]'),
    sep_token: token('sep_token', '[SEP]'),
    pad_token: token('pad_token', '[PAD]'),
    unk_token: token('unk_token', '[UNK]'),
    mask_token: token('mask_token', '[MASK]'),
    clean_up_tokenization_spaces: true,
  };
}

/** What a graph answers to the golden reviews, beside what the artifact's other graph answered when it was published. */
async function recordGoldenInputs(
  dir: string,
  graph: Graph,
  { files, goldenInputs = [] }: TransformerManifest,
): Promise<GoldenInput[]> {
  const other = graph === 'int8' ? 'fp32' : 'int8';
  const earlier = new Map(
    Object.hasOwn(files, GRAPH_FILES[other])
      ? goldenInputs.map(({ inputIds, logits }) => [inputIds.join(), logits[other]])
      : [],
  );
  const classifier = await loadTransformer(dir, { device: 'cpu', graph, intraOpThreads: 1 });
  const recorded: GoldenInput[] = [];
  for (const review of GOLDEN_REVIEWS) {
    const inputIds = classifier.tokenizer.encode(review).inputIds;
    const kept = earlier.get(inputIds.join());
    const logits = { ...(kept && { [other]: kept }), [graph]: [...(await classifier.classify(inputIds))] };
    recorded.push({ inputIds: [...inputIds], logits });
  }
  await classifier.close();
  return recorded;
}

export const toJson = (value: JsonObject): string => `${JSON.stringify(value, null, 2)}\n`;
