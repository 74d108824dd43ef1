import { classificationMetrics } from '@marquee/metrics';

import type { Figures } from './model-selection.js';

/** What is logged of an evaluation during training. Areas under curves are absent where the labels hold one class, since they are not defined there. */
export function measureValidation(labels: ArrayLike<number>, positiveProbabilities: ArrayLike<number>): Figures {
  const metrics = classificationMetrics(labels, positiveProbabilities);
  return {
    eval_loss: metrics.logLoss,
    eval_accuracy: metrics.accuracy,
    eval_precision: metrics.precision,
    eval_recall: metrics.recall,
    eval_f1: metrics.f1,
    eval_mcc: metrics.mcc,
    ...(Number.isNaN(metrics.rocAuc) ? {} : { eval_roc_auc: metrics.rocAuc, eval_pr_auc: metrics.prAuc }),
  };
}

export function describeValidation(figures: Figures, step: number): string {
  const show = (name: 'accuracy' | 'f1' | 'loss'): string => (figures[`eval_${name}`] ?? NaN).toFixed(4);
  return `validation after step ${step}: accuracy ${show('accuracy')}, F1 ${show('f1')}, log loss ${show('loss')}`;
}
