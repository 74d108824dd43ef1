/** Answer of `GET /health`: 200 and `healthy` only when a prediction would work, else 503 and `unhealthy`. */
export interface HealthResponse {
  readonly status: 'healthy' | 'unhealthy';
  readonly model_loaded: boolean;
  /** `cpu`, or `cuda:` and the index of the device. */
  readonly device: string;
  /** RFC 3339 in UTC. */
  readonly timestamp: string;
}

/** Answer of `GET /model/info`. */
export interface ModelInfoResponse {
  readonly model_path: string;
  /** `model_type` of the model's config.json. */
  readonly model_type: string;
  readonly num_labels: number;
  /** Tokens that the model reads of a review, [CLS] and [SEP] included; the rest is cut. */
  readonly max_length: number;
  readonly device: string;
  readonly parameters: number;
  readonly trainable_parameters: number;
}
