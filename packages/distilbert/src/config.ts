import { DistilBertError } from './distilbert-error.js';

export type Activation = 'gelu' | 'relu';

/** The fields of Hugging Face's `DistilBertConfig` that decide what is computed, under its names. */
export interface DistilBertConfig {
  readonly model_type: 'distilbert';
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly dim: number;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly hidden_dim: number;
  readonly activation: Activation;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly seq_classif_dropout: number;
  readonly pad_token_id: number;
  readonly num_labels: number;
  readonly id2label: Readonly<Record<string, string>>;
  readonly label2id: Readonly<Record<string, number>>;
}

/** Epsilon of every layer normalization; DistilBERT has no option for it. */
export const LAYER_NORM_EPSILON = 1e-12;

/** More than any published encoder has: a graph grows with its layers, so a mistake must not become one of gigabytes. */
const MAX_LAYERS = 1000;

/** BERT's names for what DistilBERT has too. */
const BERT_NAMES: Readonly<Record<string, string>> = {
  dim: 'hidden_size',
  n_layers: 'num_hidden_layers',
  n_heads: 'num_attention_heads',
  hidden_dim: 'intermediate_size',
  activation: 'hidden_act',
  dropout: 'hidden_dropout_prob',
  attention_dropout: 'attention_probs_dropout_prob',
};

const DEFAULTS: Readonly<Record<string, unknown>> = {
  activation: 'gelu',
  dropout: 0.1,
  attention_dropout: 0.1,
  seq_classif_dropout: 0.2,
  pad_token_id: 0,
};

/**
 * Reads the `config.json` of a DistilBERT, or of a BERT whose weights `importWeights` can turn into one. Throws `INVALID_CONFIG` with the
 * field, what was expected and what was found. Without `id2label` the labels are `negative` and `positive`.
 */
export function parseConfig(json: unknown, subject = 'config.json'): DistilBertConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(subject, 'a JSON object', json);
  const fields = json as Record<string, unknown>;
  const type = fields['model_type'];
  if (type !== 'distilbert' && type !== 'bert') throw invalid(`${subject}: model_type`, '"distilbert" or "bert"', type);
  if (type === 'bert') requireConvertible(fields, subject);
  const get = (name: string): unknown => fields[type === 'bert' ? (BERT_NAMES[name] ?? name) : name] ?? DEFAULTS[name];
  const size = (name: string): number => positiveInteger(`${subject}: ${name}`, get(name));
  const id2label = readLabels(fields['id2label'], subject);
  const config: DistilBertConfig = {
    model_type: 'distilbert',
    vocab_size: size('vocab_size'),
    max_position_embeddings: size('max_position_embeddings'),
    dim: size('dim'),
    n_layers: size('n_layers'),
    n_heads: size('n_heads'),
    hidden_dim: size('hidden_dim'),
    activation: readActivation(get('activation'), subject),
    dropout: rate(`${subject}: dropout`, get('dropout')),
    attention_dropout: rate(`${subject}: attention_dropout`, get('attention_dropout')),
    seq_classif_dropout: rate(`${subject}: seq_classif_dropout`, get('seq_classif_dropout')),
    pad_token_id: tokenId(`${subject}: pad_token_id`, get('pad_token_id')),
    num_labels: Object.keys(id2label).length,
    id2label,
    label2id: Object.fromEntries(Object.entries(id2label).map(([id, label]) => [label, Number(id)])),
  };
  if (config.n_layers > MAX_LAYERS) throw invalid(`${subject}: n_layers`, `at most ${MAX_LAYERS}`, config.n_layers);
  if (config.dim % config.n_heads !== 0)
    throw invalid(`${subject}: dim`, `a multiple of n_heads (${config.n_heads})`, config.dim);
  return config;
}

/** A BERT is a DistilBERT when it differs only in what can be folded in: absolute positions, no cross-attention. */
function requireConvertible(fields: Record<string, unknown>, subject: string): void {
  const positions = fields['position_embedding_type'] ?? 'absolute';
  if (positions !== 'absolute') throw invalid(`${subject}: position_embedding_type`, '"absolute"', positions);
  if (fields['is_decoder'] === true) throw invalid(`${subject}: is_decoder`, 'false', true);
  const epsilon = fields['layer_norm_eps'] ?? LAYER_NORM_EPSILON;
  if (epsilon !== LAYER_NORM_EPSILON)
    throw invalid(`${subject}: layer_norm_eps`, `${LAYER_NORM_EPSILON}, which DistilBERT has`, epsilon);
}

function readActivation(value: unknown, subject: string): Activation {
  if (value === 'gelu' || value === 'relu') return value;
  throw invalid(`${subject}: activation`, '"gelu" or "relu"', value);
}

function readLabels(value: unknown, subject: string): Record<string, string> {
  if (value === undefined) return { 0: 'negative', 1: 'positive' };
  const entries = typeof value === 'object' && value !== null ? Object.entries(value as Record<string, unknown>) : [];
  const complete = entries.every(
    ([id, label], index) => typeof label === 'string' && id === String(index), // JavaScript sorts integer keys
  );
  if (entries.length < 2 || !complete)
    throw invalid(`${subject}: id2label`, 'a name for each of two or more labels from "0" on', value);
  return Object.fromEntries(entries.map(([id, label]) => [id, String(label)]));
}

function positiveInteger(subject: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw invalid(subject, 'a positive integer', value);
}

function tokenId(subject: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(subject, 'a token id', value);
}

function rate(subject: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw invalid(subject, 'a rate in [0, 1)', value);
}

function invalid(subject: string, expectation: string, actual: unknown): DistilBertError {
  return new DistilBertError('INVALID_CONFIG', `${subject}: expected ${expectation}, got ${JSON.stringify(actual)}`);
}
