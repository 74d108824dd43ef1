/** What an inference worker is started with. It then answers each text with its label. */
export interface InferenceRequest {
  readonly engine: 'marquee' | 'transformers.js';
  readonly dir: string;
  readonly graph: 'int8' | 'fp32';
  /** Absent: the library's own default. */
  readonly threads?: number;
}

export interface InferenceAnswer {
  readonly label: string;
  /** Which stage of a cascade answered. */
  readonly stage?: string;
}
