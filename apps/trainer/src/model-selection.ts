/** Figures on held-out data, named as in `train_log.jsonl`. */
export type Figures = Readonly<Record<`eval_${string}`, number>>;

/** Figures after some step. Those of a classifier are named like `SELECTION_METRICS`, after the prefix. */
export type Evaluation = Figures & { readonly step: number; readonly epoch: number };

/** Metrics by which the best model can be chosen, and which of two values is the better one. */
export const SELECTION_METRICS = {
  f1: 'greater',
  accuracy: 'greater',
  precision: 'greater',
  recall: 'greater',
  mcc: 'greater',
  roc_auc: 'greater',
  pr_auc: 'greater',
  loss: 'lower',
} as const;

export type SelectionMetric = keyof typeof SELECTION_METRICS;

export interface SelectionRule {
  readonly metric: SelectionMetric;
  /** Evaluations in a row without improvement after which training is over; 0 for never. */
  readonly patience: number;
  /** A metric must be better than the best so far by more than this to count as an improvement. */
  readonly threshold: number;
  /** Whether the best model is taken in the end, and not the last one. */
  readonly takesBest: boolean;
}

export interface Selection {
  /** The first evaluation of the best value; undefined before the first evaluation. */
  readonly best: Evaluation | undefined;
  readonly isOver: boolean;
}

export const metricOf = (evaluation: Evaluation, metric: SelectionMetric): number =>
  evaluation[`eval_${metric}`] ?? NaN;

/**
 * The best evaluation so far, and whether patience has run out: the rules of transformers' `EarlyStoppingCallback`, where a gain within the threshold makes a
 * new best model and costs patience all the same. A function of the evaluations alone, so that a resumed training needs nothing but them.
 */
export function selectModel(evaluations: readonly Evaluation[], rule: SelectionRule): Selection {
  const sign = SELECTION_METRICS[rule.metric] === 'greater' ? 1 : -1;
  let best: Evaluation | undefined;
  let waited = 0;
  for (const evaluation of evaluations) {
    const gain =
      best === undefined ? Infinity : sign * (metricOf(evaluation, rule.metric) - metricOf(best, rule.metric));
    waited = gain > rule.threshold ? 0 : waited + 1;
    if (gain > 0) best = evaluation;
  }
  return { best, isOver: rule.patience > 0 && waited >= rule.patience };
}

/** The step whose model is to be taken, as far as the evaluations tell; undefined where that is the last one's. */
export const bestStep = (evaluations: readonly Evaluation[], rule: SelectionRule | undefined): number | undefined =>
  rule?.takesBest ? selectModel(evaluations, rule).best?.step : undefined;
