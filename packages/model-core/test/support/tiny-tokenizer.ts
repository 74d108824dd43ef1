import type { JsonObject } from '../../src/index.js';

const TOKENS = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...[
    'a',
    'the',
    'film',
    'movie',
    'was',
    'good',
    'bad',
    'great',
    'fine',
    'br',
    'un',
    '##good',
    '##ly',
    '##s',
    '##believ',
  ],
  ...[
    '##able',
    '!',
    '.',
    ',',
    "'",
    '<',
    '>',
    '/',
    '[',
    ']',
    '電',
    '影',
    'cafe',
    'b',
    'c',
    '##b',
    '##c',
    'σ',
    '##σ',
    '😀',
  ],
];

/** A BERT WordPiece vocabulary of our own. */
export const TINY_VOCABULARY: Readonly<Record<string, number>> = Object.fromEntries(
  TOKENS.map((token, id) => [token, id]),
);

export const TINY_TOKENIZER_CONFIG: JsonObject = {
  do_lower_case: true,
  tokenizer_class: 'DistilBertTokenizer',
  model_max_length: 16,
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};

/** In the layout of Hugging Face's `bert-base-uncased`, before `createTokenizerJson`. */
export const TINY_BASE_TOKENIZER = {
  version: '1.0',
  truncation: { max_length: 4, strategy: 'LongestFirst', stride: 0 },
  padding: { strategy: { Fixed: 4 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
  added_tokens: TOKENS.slice(0, 5).map((content, id) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  })),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: TINY_VOCABULARY,
  },
} as const satisfies JsonObject;
