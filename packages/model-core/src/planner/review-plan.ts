import { ModelCoreError } from '../errors.js';
import type { GoldenInput, GoldenTolerance, ModelKind, Sentiment } from '../manifest-format.js';
import { softmax } from '../softmax.js';
import type { Truncation } from '../truncation.js';

/** Which part of a cascade answered: its linear model alone, or all members together. */
export const STAGES = ['linear', 'blend'] as const;
export type Stage = (typeof STAGES)[number];

export interface Prediction {
  /** The likelier label; `negative` when both are equally likely. */
  readonly sentiment: Sentiment;
  /** Probability of `sentiment`, 0.5 to 1. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<Sentiment, number>>;
  /** Tokens of the whole text, special tokens included, before any cut; a linear model's are its words. */
  readonly tokenCount: number;
  /** Whether tokens past the artifact's limit were left unread. */
  readonly truncated: boolean;
  /** Which stage of a cascade answered. Other kinds have none. */
  readonly stage?: Stage;
}

/** One run of a transformer: token ids in, logits `[negative, positive]` out. */
export interface EngineRun {
  /** Name of the transformer in its blend or cascade; empty where the artifact is that transformer. */
  readonly member: string;
  /** [CLS] … [SEP], at most the transformer's `maxLength`. */
  readonly inputIds: Int32Array;
}

/** All that is known of a review before a transformer runs, and what its logits will mean. */
export interface ReviewPlan extends Pick<Prediction, 'tokenCount' | 'truncated' | 'stage'> {
  /** What an engine has to run; empty where linear models answer alone. */
  readonly runs: readonly EngineRun[];
  /** The answer, from the logits of `runs` in their order. Throws `INVALID_INPUT` for another number of them. */
  conclude(logits: readonly Float32Array[]): Prediction;
}

/** What the parts of a model say of one review. */
export interface ScorePlan extends Omit<ReviewPlan, 'conclude'> {
  /** Log-odds of the positive label: its logit minus that of the negative one, over the temperature. `logits` has one entry a run. */
  score(logits: readonly Float32Array[]): number;
}

/** A blend and a cascade say of vocabulary and text what their first transformer says. */
export interface PlannerInfo {
  readonly dir: string;
  readonly version: string;
  readonly kind: ModelKind;
  /** `model_type` of a transformer's config.json; the kind of any other. */
  readonly modelType: string;
  /** Absent where no transformer answers, as are the next two. */
  readonly vocabSize?: number;
  readonly maxLength?: number;
  readonly truncation?: Truncation;
  readonly parameters: number;
  readonly labels: readonly Sentiment[];
  readonly temperature: number;
  /** What a blend or a cascade is made of, by name. */
  readonly members?: Readonly<Record<string, PlannerInfo>>;
}

/** A golden input of a transformer, to be run as any review is. */
export interface GoldenRun extends EngineRun, Pick<GoldenInput, 'logits'> {
  /** Its place in the transformer's manifest. */
  readonly index: number;
  readonly tolerance: GoldenTolerance;
}

/** The part of a planner that knows one model. */
export interface ScorePlanner {
  readonly info: PlannerInfo;
  readonly goldenRuns: readonly GoldenRun[];
  plan(text: string): ScorePlan;
}

export function toReviewPlan(plan: ScorePlan): ReviewPlan {
  const { tokenCount, truncated, stage, runs } = plan;
  const reading = { tokenCount, truncated, ...(stage && { stage }) };
  return {
    ...reading,
    runs,
    conclude(logits) {
      if (logits.length === runs.length) return { ...toAnswer(plan.score(logits)), ...reading };
      throw new ModelCoreError(
        'INVALID_INPUT',
        `a plan of ${runs.length} runs needs their logits, got ${logits.length}`,
      );
    },
  };
}

function toAnswer(logit: number): Pick<Prediction, 'sentiment' | 'confidence' | 'probabilities'> {
  const [negative = NaN, positive = NaN] = softmax([0, logit]);
  const sentiment = positive > negative ? 'positive' : 'negative';
  const probabilities = { negative, positive };
  return { sentiment, confidence: probabilities[sentiment], probabilities };
}
