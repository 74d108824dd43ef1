/** Answer of `GET /health`: 200 and `healthy` only when a prediction would work, else 503 and `unhealthy`. */
export interface HealthResponse {
  readonly status: 'healthy' | 'unhealthy';
  readonly model_loaded: boolean;
  /** `cpu`, or `cuda:` and the index of the device. */
  readonly device: string;
  /** RFC 3339 in UTC. */
  readonly timestamp: string;
}

/** Answer of `GET /livez`: the process answers, whatever its model does. */
export interface LiveResponse {
  readonly status: 'alive';
}

/** Answer of `GET /readyz` when every check passes. A check that fails is named by the detail of a 503. */
export interface ReadyResponse {
  readonly status: 'ready';
  readonly model_version: string;
}

/** Answer of `POST /admin/reload`: what serves from now on. */
export interface ReloadResponse {
  readonly model_path: string;
  readonly model_version: string;
}

export const MODEL_KINDS = ['transformer', 'linear', 'blend', 'cascade'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

export const INT8_GUARDS = ['weights', 'cpu', 'precision-option'] as const;

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
  readonly model_version: string;
  readonly kind: ModelKind;
  /** The graph that runs; absent where no transformer answers. */
  readonly graph?: 'int8' | 'fp32';
  /** Why this device and graph were chosen, when others could have been. */
  readonly reason?: string;
  /**
   * Why sums of int8 products do not overflow: no weight is large enough, the CPU adds them in 32 bits, or the runtime was told to be exact at the speed of fp32.
   * Absent where no int8 graph runs.
   */
  readonly int8_guard?: (typeof INT8_GUARDS)[number];
  /** Name and version of what runs the graph. */
  readonly runtime: string;
}
