import { describe, expect, it } from 'vitest';

import { DistilBertError, parseConfig } from '../src/index.js';

const DISTILBERT = {
  model_type: 'distilbert',
  vocab_size: 40,
  max_position_embeddings: 24,
  dim: 16,
  n_layers: 2,
  n_heads: 4,
  hidden_dim: 32,
};

const BERT = {
  model_type: 'bert',
  vocab_size: 30522,
  max_position_embeddings: 512,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.05,
  attention_probs_dropout_prob: 0.15,
  layer_norm_eps: 1e-12,
  position_embedding_type: 'absolute',
  pad_token_id: 3,
};

describe('parseConfig', () => {
  it('fills in what DistilBERT defaults to', () => {
    expect(parseConfig(DISTILBERT)).toEqual({
      ...DISTILBERT,
      activation: 'gelu',
      dropout: 0.1,
      attention_dropout: 0.1,
      seq_classif_dropout: 0.2,
      pad_token_id: 0,
      num_labels: 2,
      id2label: { 0: 'negative', 1: 'positive' },
      label2id: { negative: 0, positive: 1 },
    });
  });

  it('reads a BERT under BERT’s names', () => {
    expect(parseConfig(BERT)).toMatchObject({
      model_type: 'distilbert',
      ...{ dim: 384, n_layers: 6, n_heads: 12, hidden_dim: 1536, activation: 'gelu' },
      ...{ dropout: 0.05, attention_dropout: 0.15, seq_classif_dropout: 0.2, pad_token_id: 3 },
    });
  });

  it('counts the labels that id2label names', () => {
    const { num_labels, label2id } = parseConfig({ ...DISTILBERT, id2label: { 0: 'bad', 1: 'fair', 2: 'good' } });
    expect({ num_labels, label2id }).toEqual({ num_labels: 3, label2id: { bad: 0, fair: 1, good: 2 } });
  });

  it('reads its own result as the same configuration', () => {
    const config = parseConfig(BERT);
    expect(parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });
});

describe('parseConfig refuses', () => {
  const mistakes: readonly (readonly [what: string, json: unknown, field: string, actual: string])[] = [
    ['what is no object', [1], 'a JSON object', '[1]'],
    ['null', null, 'a JSON object', 'null'],
    ['another architecture', { ...DISTILBERT, model_type: 'roberta' }, 'model_type', '"roberta"'],
    ['a missing size', { ...DISTILBERT, dim: undefined }, 'dim', 'undefined'],
    ['a size of 0', { ...DISTILBERT, n_layers: 0 }, 'n_layers', '0'],
    ['more layers than can be meant', { ...DISTILBERT, n_layers: 20_000 }, 'n_layers: expected at most 1000', '20000'],
    ['a fractional size', { ...DISTILBERT, hidden_dim: 32.5 }, 'hidden_dim', '32.5'],
    ['a size in quotes', { ...DISTILBERT, vocab_size: '40' }, 'vocab_size', '"40"'],
    ['heads that do not divide the size', { ...DISTILBERT, n_heads: 3 }, 'dim', '16'],
    ['an unknown activation', { ...DISTILBERT, activation: 'gelu_new' }, 'activation', '"gelu_new"'],
    ['a rate of 1', { ...DISTILBERT, dropout: 1 }, 'dropout', '1'],
    ['a negative rate', { ...DISTILBERT, attention_dropout: -0.1 }, 'attention_dropout', '-0.1'],
    ['a rate that is no number', { ...DISTILBERT, seq_classif_dropout: 'none' }, 'seq_classif_dropout', '"none"'],
    ['a padding id that is no number', { ...DISTILBERT, pad_token_id: '[PAD]' }, 'pad_token_id', '"[PAD]"'],
    ['a negative padding id', { ...DISTILBERT, pad_token_id: -1 }, 'pad_token_id', '-1'],
    ['one label', { ...DISTILBERT, id2label: { 0: 'only' } }, 'id2label', '{"0":"only"}'],
    ['labels with a gap', { ...DISTILBERT, id2label: { 0: 'a', 2: 'b' } }, 'id2label', '"2"'],
    ['a fractional label id', { ...DISTILBERT, id2label: { 0: 'a', '0.5': 'b' } }, 'id2label', '"0.5"'],
    ['labels without names', { ...DISTILBERT, id2label: { 0: 'a', 1: 1 } }, 'id2label', '{"0":"a","1":1}'],
    ['labels that are no object', { ...DISTILBERT, id2label: 'binary' }, 'id2label', '"binary"'],
    [
      'relative positions',
      { ...BERT, position_embedding_type: 'relative_key' },
      'position_embedding_type',
      '"relative_key"',
    ],
    ['a decoder', { ...BERT, is_decoder: true }, 'is_decoder', 'true'],
    ['another epsilon', { ...BERT, layer_norm_eps: 1e-5 }, 'layer_norm_eps', '0.00001'],
  ];

  it.each(mistakes)('%s', (_, json, field, actual) => {
    let raised: unknown;
    try {
      parseConfig(json, 'model/config.json');
    } catch (error) {
      raised = error;
    }
    expect(raised).toBeInstanceOf(DistilBertError);
    const { code, message } = raised as DistilBertError;
    expect(code).toBe('INVALID_CONFIG');
    expect(message).toContain('model/config.json: ');
    expect(message).toContain(field);
    expect(message).toContain(`got `);
    expect(message.slice(message.indexOf('got '))).toContain(actual);
  });
});
