import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { input, toModel } from '@marquee/autograd';
import { decodeSafetensors, fromFloat32, type StoredTensor, toFloat32 } from '@marquee/safetensors';
import { describe, expect, it } from 'vitest';

import { type DistilBertConfig, HEAD_PARAMETERS, importWeights, parameterShapes, parseConfig } from '../src/index.js';
import { distilBert } from '../src/model.js';
import { floatBlocks, lookUpWords } from '../src/training-blocks.js';
import { int64, relativeError, run, toTensors, valuesOf } from './support.js';

const POSITIONS = 'distilbert.embeddings.position_embeddings.weight';

/** A BERT of one layer with token types, every tensor filled with its own number. */
function tinyBert(): { config: DistilBertConfig; stored: Map<string, StoredTensor> } {
  const config = parseConfig({
    ...{ model_type: 'bert', vocab_size: 5, max_position_embeddings: 3, hidden_size: 4, num_hidden_layers: 1 },
    ...{ num_attention_heads: 2, intermediate_size: 6, hidden_act: 'gelu' },
  });
  const shapes: Readonly<Record<string, number[]>> = {
    'embeddings.word_embeddings.weight': [5, 4],
    'embeddings.position_embeddings.weight': [3, 4],
    'embeddings.token_type_embeddings.weight': [2, 4],
    'embeddings.LayerNorm.weight': [4],
    'embeddings.LayerNorm.bias': [4],
    ...Object.fromEntries(
      ['attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense'].flatMap(
        (name) => [
          [`encoder.layer.0.${name}.weight`, [4, 4]],
          [`encoder.layer.0.${name}.bias`, [4]],
        ],
      ),
    ),
    'encoder.layer.0.attention.output.LayerNorm.weight': [4],
    'encoder.layer.0.attention.output.LayerNorm.bias': [4],
    'encoder.layer.0.intermediate.dense.weight': [6, 4],
    'encoder.layer.0.intermediate.dense.bias': [6],
    'encoder.layer.0.output.dense.weight': [4, 6],
    'encoder.layer.0.output.dense.bias': [4],
    'encoder.layer.0.output.LayerNorm.weight': [4],
    'encoder.layer.0.output.LayerNorm.bias': [4],
    'pooler.dense.weight': [4, 4],
  };
  const stored = Object.entries(shapes).map(([name, shape], i): [string, StoredTensor] => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return [
      name,
      fromFloat32(
        Float32Array.from({ length: size }, (_, k) => i + k / 100),
        shape,
        'F32',
      ),
    ];
  });
  return { config, stored: new Map(stored) };
}

describe('a BERT checkpoint', () => {
  it('becomes a DistilBERT whose tensors are the BERT’s own, with token type 0 in the positions', () => {
    const { config, stored } = tinyBert();
    const { weights, missingHead } = importWeights(stored, config);
    expect(missingHead).toEqual(HEAD_PARAMETERS);
    const of = (name: string): Float32Array => toFloat32(stored.get(name) as StoredTensor); // named above
    const ours = (name: string) => weights.get(`distilbert.${name}`)?.data;
    const layer = 'transformer.layer.0';
    for (const [theirs, name] of [
      ['embeddings.word_embeddings', 'embeddings.word_embeddings'],
      ['embeddings.LayerNorm', 'embeddings.LayerNorm'],
      ['encoder.layer.0.attention.self.query', `${layer}.attention.q_lin`],
      ['encoder.layer.0.attention.self.key', `${layer}.attention.k_lin`],
      ['encoder.layer.0.attention.self.value', `${layer}.attention.v_lin`],
      ['encoder.layer.0.attention.output.dense', `${layer}.attention.out_lin`],
      ['encoder.layer.0.attention.output.LayerNorm', `${layer}.sa_layer_norm`],
      ['encoder.layer.0.intermediate.dense', `${layer}.ffn.lin1`],
      ['encoder.layer.0.output.dense', `${layer}.ffn.lin2`],
      ['encoder.layer.0.output.LayerNorm', `${layer}.output_layer_norm`],
    ]) {
      expect(ours(`${name}.weight`), name).toEqual(of(`${theirs}.weight`));
    }
    const type0 = of('embeddings.token_type_embeddings.weight');
    const sums = of('embeddings.position_embeddings.weight').map((value, i) =>
      Math.fround(value + (type0[i % 4] ?? NaN)),
    );
    expect(weights.get(POSITIONS)?.data).toEqual(sums);
  });

  it('is taken with the prefix of a classifier too, and leaves the stored tensors alone', () => {
    const { config, stored } = tinyBert();
    const positions = stored.get('embeddings.position_embeddings.weight')?.data.slice();
    const prefixed = new Map([...stored].map(([name, tensor]) => [`bert.${name}`, tensor]));
    expect(importWeights(prefixed, config)).toEqual(importWeights(stored, config));
    expect(stored.get('embeddings.position_embeddings.weight')?.data).toEqual(positions);
  });

  it('is taken with the names that TensorFlow gives to layer normalizations', () => {
    const { config, stored } = tinyBert();
    const older = (name: string): string =>
      name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta');
    const renamed = new Map([...stored].map(([name, tensor]) => [older(name), tensor]));
    expect(importWeights(renamed, config)).toEqual(importWeights(stored, config));
  });

  it('is refused without token types, or with token types of another size', () => {
    const { config, stored } = tinyBert();
    const types = 'embeddings.token_type_embeddings.weight';
    stored.set(types, fromFloat32(new Float32Array(6), [2, 3], 'F32'));
    expect(() => importWeights(stored, config)).toThrow(
      'token-type embeddings [any, 4] like the positions, got [2, 3]',
    );
    stored.delete(types);
    expect(() => importWeights(stored, config)).toThrow("BERT's token-type and position embeddings, one is missing");
  });
});

const folder = fileURLToPath(new URL('../../../../shared/models/minilm', import.meta.url));
const isThere = existsSync(join(folder, 'model.safetensors'));
if (!isThere) process.stdout.write('skipped: ../shared/models/minilm is not there\n');

describe.skipIf(!isThere)('MiniLM as a DistilBERT', () => {
  it('gives the [CLS] rows that transformers gives for the BERT, to 1e-5', async () => {
    const oracle = JSON.parse(readFileSync(new URL('oracles/minilm.json', import.meta.url), 'utf8')) as {
      inputIds: number[][];
      attentionMask: number[][];
      cls: number[][];
    };
    const config = parseConfig(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')));
    const { tensors } = decodeSafetensors(readFileSync(join(folder, 'model.safetensors')));
    const { weights, missingHead } = importWeights(tensors, config);
    expect(missingHead).toEqual(HEAD_PARAMETERS);

    const encoder = [...weights.keys()];
    const declared = Object.fromEntries(
      [...parameterShapes(config)].map(([name, shape]) => [name, input(name, 'float32', shape)]),
    );
    const inputIds = input('input_ids', 'int64', ['batch', 'seq']);
    const attentionMask = input('attention_mask', 'int64', ['batch', 'seq']);
    const blocks = floatBlocks(config, declared, { words: lookUpWords(declared, inputIds), attentionMask });
    let cls = inputIds;
    distilBert(config, {
      ...blocks,
      project: (name, x) => {
        if (name === 'pre_classifier') cls = x;
        return blocks.project(name, x);
      },
    });
    const inputs = [...encoder.flatMap((name) => declared[name] ?? []), inputIds, attentionMask];
    const feeds = { input_ids: int64(oracle.inputIds), attention_mask: int64(oracle.attentionMask) };
    const outputs = await run(toModel({ name: 'encoder', inputs, outputs: { cls } }), {
      ...toTensors(weights),
      ...feeds,
    });
    expect(relativeError(valuesOf(outputs['cls']), oracle.cls.flat())).toBeLessThan(1e-5);
  });
});
