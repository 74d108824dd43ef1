import type { ClassifierInfo, ClassifierOptions, Prediction } from '@marquee/model-core';

/** What a child loads: the folder, and the version that the server verified, which must be the one the child finds. */
export interface ChildModel {
  readonly dir: string;
  readonly version: string;
  readonly options: ClassifierOptions;
}

/** What a child has loaded. */
export interface LoadedModel {
  /** `cpu`, or `cuda:` and the index of the device. */
  readonly device: string;
  readonly info: ClassifierInfo;
}

/** Server to child. */
export type ChildRequest =
  | { readonly type: 'load'; readonly model: ChildModel }
  | { readonly type: 'predict'; readonly id: number; readonly text: string };

/** Child to server. */
export type ChildReply =
  | { readonly type: 'loaded'; readonly loaded: LoadedModel }
  | { readonly type: 'load-failed'; readonly message: string }
  | { readonly type: 'prediction'; readonly id: number; readonly prediction: Prediction }
  | { readonly type: 'predict-failed'; readonly id: number; readonly message: string };
