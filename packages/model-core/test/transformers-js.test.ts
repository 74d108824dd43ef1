import { cp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { env, pipeline, type TextClassificationPipeline } from '@huggingface/transformers';
import { TINY_CONFIG, tinyFiles, tinyGraph } from '@marquee/fixtures';
import { beforeAll, describe, expect, it } from 'vitest';

import { createTokenizerJson, type JsonObject, loadTransformer } from '../src/index.js';
import { realTokenizerFolder, shippedTransformer, temporaryFolder } from './support/folders.js';
import { writeTinyArtifact } from './support/tiny-artifact.js';

/** Of our own making: short and long, with markup, accents, other scripts and emoji. */
const REVIEWS = [
  'A triumph.',
  'Dull, overlong and badly acted; I left after an hour.',
  'The first half is fine.<br /><br />The second half is a mess, but the ending almost saves it.',
  "It isn't the best film of the year, yet I couldn't stop smiling 😀 - a café scene in the rain, 電影 at its warmest.",
  `${'What a waste of a good cast. '.repeat(40)}Still, the music was lovely.`,
];

beforeAll(() => {
  env.allowRemoteModels = false;
  env.useFSCache = false;
});

/** Loads an artifact folder as a stranger would: by its path, with what its own config.json says. */
async function loadPeer(dir: string): Promise<TextClassificationPipeline> {
  env.localModelPath = dirname(dir);
  return pipeline('sentiment-analysis', basename(dir));
}

async function peerProbability(peer: TextClassificationPipeline, text: string): Promise<number> {
  const [answer] = await peer([text]);
  const { label, score } = answer as { label: string; score: number };
  return label.toLowerCase() === 'positive' ? score : 1 - score;
}

/** The greatest difference between our probability of "positive" and transformers.js's, one text a call. */
async function greatestDifference(dir: string): Promise<number> {
  const classifier = await loadTransformer(dir, { device: 'cpu', graph: 'int8' });
  const peer = await loadPeer(dir);
  let greatest = 0;
  for (const text of REVIEWS) {
    const [ours] = await classifier.predict([text]);
    greatest = Math.max(
      greatest,
      Math.abs((ours?.probabilities.positive ?? NaN) - (await peerProbability(peer, text))),
    );
  }
  await classifier.close();
  await peer.dispose();
  return greatest;
}

describe('transformers.js', () => {
  it('loads an artifact folder as it is and agrees to 1e-3', async () => {
    // Its truncation is of the head, as this artifact's.
    expect(await greatestDifference(await writeTinyArtifact())).toBeLessThan(1e-3);
  });

  const real = realTokenizerFolder();
  it.skipIf(!real)('agrees to 1e-3 with the real vocabulary', async () => {
    const read = (name: string) => readFile(join(real ?? '', name), 'utf8');
    const rows = 30_522;
    // Weights that differ from token to token, so that one other id anywhere shows.
    const table = Float32Array.from({ length: 2 * rows }, (_, index) => 40 * Math.sin(index * index));
    const files = tinyFiles()
      .set(
        'tokenizer.json',
        JSON.stringify(createTokenizerJson(JSON.parse(await read('tokenizer.json')) as JsonObject)),
      )
      .set('tokenizer_config.json', await read('tokenizer_config.json'))
      .set('config.json', JSON.stringify({ ...TINY_CONFIG, vocab_size: rows, max_position_embeddings: 512 }))
      .set('onnx/model_quantized.onnx', tinyGraph(table));
    const dir = await writeTinyArtifact(files, { text: { maxLength: 512, truncation: 'head' } });
    expect(await greatestDifference(dir)).toBeLessThan(1e-3);
  });

  const shipped = shippedTransformer();
  it.skipIf(!shipped)('agrees with the shipped model to 1e-3, one text a call', async () => {
    // A copy: reading the folder must not need anything beside it.
    const dir = join(await temporaryFolder(), 'marquee');
    await cp(shipped ?? '', dir, { recursive: true });
    expect(await greatestDifference(dir)).toBeLessThan(1e-3);
  });

  it.skipIf(!shipped)('gives the same labels for a padded batch, and probabilities within 0.1', async () => {
    const classifier = await loadTransformer(shipped ?? '', { device: 'cpu', graph: 'int8' });
    const peer = await loadPeer(shipped ?? '');
    const answers = (await peer(REVIEWS)) as { label: string; score: number }[];
    const ours = await classifier.predict(REVIEWS);
    expect(answers.map(({ label }) => label.toLowerCase())).toEqual(ours.map(({ sentiment }) => sentiment));
    const differences = answers.map(({ score }, index) => Math.abs(score - (ours[index]?.confidence ?? NaN)));
    // int8 scales a tensor by its extremes: in a batch those of the other reviews and of the padding count too.
    expect(Math.max(...differences)).toBeLessThan(0.1);
    await classifier.close();
    await peer.dispose();
  });
});
