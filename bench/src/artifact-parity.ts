import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { importWeights, inferenceModel, parseConfig, requireHead } from '@marquee/distilbert';
import { createSession, loadTransformer, Tensor } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';

import { absoluteError, type Check, largestMagnitude } from './parity-check.js';
import { askReference, type ClassifyReference } from './parity-reference.js';
import { LOGIT_LIMIT } from './training-parity.js';

/** Of our own making: short and long, with markup, contractions, accents, other scripts and emoji. All below any artifact's token limit. */
const TEXTS: readonly string[] = [
  'A triumph.',
  'Dull, overlong and badly acted; I left after an hour and asked for my money back.',
  'The first half is fine.<br /><br />The second half is a mess, but the ending almost saves it.',
  "It isn't the best film of the year, yet I couldn't stop smiling 😀 - a café scene in the rain, 電影 at its warmest.",
  'Not a bad film at all. Quite the opposite: quiet, honest and beautifully shot.',
  `${'What a waste of a good cast. '.repeat(20)}Still, the music was lovely.`,
];

/** Our artifact through `from_pretrained`: token ids, fp32 logits from the stored weights, and what int8 makes of them. */
export async function compareArtifact(python: string, artifactDir: string, workDir: string): Promise<Check[]> {
  const textsFile = join(workDir, 'texts.json');
  await writeFile(textsFile, JSON.stringify(TEXTS));
  const reference = (await askReference(python, 'classify', {
    model: artifactDir,
    texts: textsFile,
  })) as ClassifyReference;
  const classifier = await loadTransformer(artifactDir, { device: 'cpu', graph: 'int8' });
  const session = await createSession(await exportFloatGraph(artifactDir));
  let [ids, fp32, int8, flips] = [0, 0, 0, 0];
  for (const [index, text] of TEXTS.entries()) {
    const { inputIds } = classifier.tokenizer.encode(text);
    const expected = reference.logits[index] ?? [];
    if (inputIds.join() !== reference.inputIds[index]?.join()) ids += 1;
    const feeds = { input_ids: int64(inputIds), attention_mask: int64(inputIds.map(() => 1)) };
    const logits = (await session.run(feeds))['logits']?.data as Float32Array;
    fp32 = Math.max(fp32, absoluteError(logits, expected) / Math.max(1, largestMagnitude(expected)));
    const quantized = await classifier.classify(inputIds);
    int8 = Math.max(int8, absoluteError(quantized, expected));
    if (labelOf(quantized) !== labelOf(expected)) flips += 1;
  }
  await classifier.close();
  await session.release();
  const loaded = `${reference.tokenizer}, ${reference.model}`;
  return [
    { subject: `texts of ${TEXTS.length} with other token ids`, error: ids, limit: 0, note: loaded },
    { subject: 'fp32 logits (absolute, relative above 1)', error: fp32, limit: LOGIT_LIMIT },
    { subject: 'int8 logits (absolute)', error: int8, note: `quantization: ${flips} of ${TEXTS.length} labels differ` },
  ];
}

/** The fp32 graph as `npm run export` makes it, from the weights as stored. */
async function exportFloatGraph(dir: string): Promise<Uint8Array> {
  const config = parseConfig(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')));
  const file = join(dir, 'model.safetensors');
  const imported = importWeights(decodeSafetensors(await readFile(file), file).tensors, config, file);
  requireHead(imported, file);
  return inferenceModel(config, imported.weights);
}

const int64 = (ids: Int32Array): Tensor => new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);

const labelOf = (logits: ArrayLike<number>): number => Number((logits[1] ?? NaN) > (logits[0] ?? NaN));
