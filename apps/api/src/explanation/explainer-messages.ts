import type { Explanation, ExplanationMethod, ModelCoreErrorCode, SessionOptions } from '@marquee/model-core';

/** What an explainer process loads: the folder, and the version that serves, which must be the one that it finds there. */
export interface ExplainedModel {
  readonly dir: string;
  readonly version: string;
  /** The graph that serves; explanations run on the CPU. */
  readonly graph: 'auto' | 'int8' | 'fp32';
  readonly session: Pick<SessionOptions, 'intraOpThreads'>;
}

/** Server to explainer. A cancelled explanation is answered, too. */
export type ExplainerRequest =
  | {
      readonly type: 'explain';
      readonly id: number;
      readonly model: ExplainedModel;
      readonly text: string;
      readonly method: ExplanationMethod;
      readonly timeoutMs: number;
    }
  | { readonly type: 'cancel'; readonly id: number };

/** Explainer to server: tokens as soon as they were run, then how it ended. What the library threw keeps its code. */
export type ExplainerReply =
  { readonly type: 'spent'; readonly id: number; readonly tokens: number } | ExplainerOutcome;

export type ExplainerOutcome =
  | { readonly type: 'explanation'; readonly id: number; readonly explanation: Explanation }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly code: ModelCoreErrorCode | 'VERSION_CHANGED' | 'UNKNOWN';
      readonly message: string;
    };
