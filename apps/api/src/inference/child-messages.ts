import type { ClassifierOptions } from '@marquee/model-core';

/** What a child loads: the folder, and the version that the server verified, which must be the one the child finds. */
export interface ChildModel {
  readonly dir: string;
  readonly version: string;
  readonly options: ClassifierOptions;
}

/** Server to child. Sent with `serialization: 'advanced'`, so that typed arrays travel as bytes. */
export type ChildRequest =
  | { readonly type: 'load'; readonly model: ChildModel }
  | { readonly type: 'classify'; readonly id: number; readonly inputIds: Int32Array };

/** Child to server. */
export type ChildReply =
  | { readonly type: 'loaded'; readonly device: string }
  | { readonly type: 'load-failed'; readonly message: string }
  | { readonly type: 'logits'; readonly id: number; readonly logits: Float32Array } // [2]
  | { readonly type: 'classify-failed'; readonly id: number; readonly message: string };
