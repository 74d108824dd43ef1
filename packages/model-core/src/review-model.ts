import type { Graph } from './execution-plan.js';
import type { ModelKind, Sentiment } from './manifest-format.js';
import type { SessionDevice, SessionOptions } from './runtime.js';
import type { Truncation } from './truncation.js';

/** How a classifier is loaded. What a session takes (threads, arena, …) is passed on to it; linear models take none of it. */
export interface ClassifierOptions extends Omit<SessionOptions, 'device'> {
  /** Default `auto`: CUDA where it can be used, else the CPU, with the reason in `info.reason`. */
  readonly device?: 'auto' | SessionDevice;
  /** Default `auto`: int8 on the CPU, fp32 on CUDA. */
  readonly graph?: 'auto' | Graph;
}

/** A blend and a cascade say of device, graph, vocabulary and text what their first transformer says. */
export interface ClassifierInfo {
  readonly dir: string;
  readonly version: string;
  readonly kind: ModelKind;
  /** `model_type` of a transformer's config.json; the kind of any other. */
  readonly modelType: string;
  readonly device: SessionDevice;
  /** Absent where no transformer answers, as are the next four. */
  readonly graph?: Graph;
  /** Why CUDA is not used, when `auto` could have chosen it. */
  readonly reason?: string;
  readonly vocabSize?: number;
  readonly maxLength?: number;
  readonly truncation?: Truncation;
  readonly parameters: number;
  readonly labels: readonly Sentiment[];
  readonly temperature: number;
  readonly runtimeVersion: string;
  /** What a blend or a cascade is made of, by name. */
  readonly members?: Readonly<Record<string, ClassifierInfo>>;
}

/** Which part of a cascade answered: its linear model alone, or all members together. */
export const STAGES = ['linear', 'blend'] as const;
export type Stage = (typeof STAGES)[number];

/** What a model of any kind says of one review. */
export interface ReviewScore {
  /** Log-odds of the positive label: its logit minus that of the negative one, over the temperature. */
  readonly logit: number;
  readonly tokenCount: number;
  readonly truncated: boolean;
  readonly stage?: Stage;
}

/** A loaded model of any kind. */
export interface ReviewModel {
  readonly info: ClassifierInfo;
  score(text: string): Promise<ReviewScore>;
  /** Waits for the run in progress and gives the memory back. */
  close(): Promise<void>;
}
