import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { importWeights, parseConfig, requireHead } from '@marquee/distilbert';
import { memberFolder, readManifest, writeManifest } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';

import { BenchError } from '../bench-error.js';
import { type PeerExport, writeOurModel, writePeerModel } from '../inference-models.js';
import { randomWeights, shapeConfig, type ShapeName } from '../shapes.js';

/** A model as transformers.js loads it, and how its files were made. */
export interface PeerModel extends PeerExport {
  readonly dir: string;
}

/** The same weights in the layouts of all contenders, each written when first asked for. */
export interface ServingModels {
  /** The transformer that the served model is or holds; all models share its tokenizer. */
  readonly transformerDir: string;
  /** An artifact of ours with fp32 weights: DistilBERT's are random, MiniLM's are the shipped transformer's. */
  artifact(shape: ShapeName): Promise<string>;
  /** Needs a Python with optimum-onnx. */
  transformersJs(shape: ShapeName): Promise<PeerModel>;
}

export interface ServingModelsOptions {
  readonly dir: string;
  /** The artifact that is served. */
  readonly model: string;
  readonly python: string | undefined;
}

export async function openServingModels({ dir, model, python }: ServingModelsOptions): Promise<ServingModels> {
  const transformerDir = await transformerOf(model);
  const artifacts = new Map<ShapeName, Promise<string>>();
  const exports = new Map<ShapeName, Promise<PeerModel>>();
  const artifact = (shape: ShapeName): Promise<string> =>
    remember(artifacts, shape, async () => {
      const target = join(dir, shape);
      if (shape === 'minilm') await writeAgain(transformerDir, target);
      else await writeOurModel(target, shapeConfig(shape), randomWeights(shapeConfig(shape), 1), transformerDir);
      return target;
    });
  return {
    transformerDir,
    artifact,
    transformersJs: (shape) =>
      remember(exports, shape, async () => {
        if (python === undefined) throw new BenchError('INVALID_ARGUMENT', '--python: expected one, got nothing');
        const target = join(dir, `${shape}-transformers-js`);
        return { dir: target, ...(await writePeerModel(target, await artifact(shape), python)) };
      }),
  };
}

function remember<Key, Value>(known: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** The folder of the transformer that an artifact is or holds. Throws `INVALID_ARGUMENT` where there is none. */
async function transformerOf(dir: string): Promise<string> {
  const manifest = await readManifest(dir);
  if (manifest.kind === 'transformer') return dir;
  if (manifest.kind !== 'linear') {
    for (const name of Object.keys(manifest.blend.weights)) {
      const folder = join(dir, memberFolder(name));
      if ((await readManifest(folder)).kind === 'transformer') return folder;
    }
  }
  throw new BenchError('INVALID_ARGUMENT', `--model: expected a transformer in it, got the ${manifest.kind} ${dir}`);
}

/** The weights of an artifact in fp32 with both graphs, reading the first 512 tokens as PyTorch's tokenizer cuts them. */
async function writeAgain(source: string, target: string): Promise<void> {
  const config = parseConfig(JSON.parse(await readFile(join(source, 'config.json'), 'utf8')));
  const file = join(source, 'model.safetensors');
  const imported = importWeights(decodeSafetensors(await readFile(file), file).tensors, config, file);
  requireHead(imported, file);
  await writeOurModel(target, config, imported.weights, source);
}

/** A copy of an artifact that is another version of it: as large, with other probabilities and the same labels. */
export async function writeNextVersion(source: string, target: string): Promise<void> {
  await cp(source, target, { recursive: true, dereference: true });
  const { temperature = 1, version, ...manifest } = await readManifest(source);
  const next = { ...manifest, version: `${version}-next`, temperature: 1.25 * temperature };
  await writeManifest(target, next, Object.keys(manifest.files));
}
