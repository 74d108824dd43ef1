// Answers of the Open Inference Protocol, version 2, under `/v2`.
// https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md

export interface InferenceServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface InferenceServerState {
  readonly live: boolean;
}

export interface InferenceModelState {
  readonly name: string;
  readonly ready: boolean;
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** −1 stands for any size. */
  readonly shape: readonly number[];
}

export interface InferenceModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** `label` BYTES [n], or `probabilities` FP32 [n, 2]. */
export interface InferenceOutput {
  readonly name: 'label' | 'probabilities';
  readonly shape: readonly number[];
  readonly datatype: 'BYTES' | 'FP32';
  /** `binary_data_size`, of a binary output. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Row by row; absent from a binary output. */
  readonly data?: readonly (string | number)[];
}

export interface InferenceResponse {
  readonly model_name: string;
  readonly model_version: string;
  /** The one of the request, if it had one. */
  readonly id?: string;
  readonly outputs: readonly InferenceOutput[];
}

/** Body of every answer under `/v2` that is not 2xx. */
export interface InferenceError {
  readonly error: string;
}
