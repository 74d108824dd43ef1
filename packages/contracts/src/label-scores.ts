import type { Sentiment } from './prediction.js';

/** A label and its score, as Text Embeddings Inference and the pipelines of Hugging Face write it. */
export interface LabelScore {
  readonly label: Sentiment;
  readonly score: number;
}

/** Answer of `GET /tei/info`. */
export interface TeiInfo {
  readonly model_id: string;
  readonly model_sha: string;
  readonly model_dtype: string;
  readonly served_model_name: string;
  readonly model_type: Readonly<Record<string, unknown>>;
  readonly max_concurrent_requests: number;
  readonly max_input_length: number;
  readonly max_batch_tokens: number;
  readonly max_batch_requests: number;
  readonly max_client_batch_size: number;
  readonly auto_truncate: boolean;
  readonly tokenization_workers: number;
  readonly version: string;
  readonly sha: null;
  readonly docker_label: null;
}
