import {
  add,
  crossEntropy,
  div,
  exp,
  logSoftmax,
  mul,
  reduceMean,
  reduceSum,
  sub,
  type Tensor,
} from '@marquee/autograd';

export interface DistillationOptions {
  /** Divides the logits of teacher and student: above 1 it brings out what the teacher thinks of the classes that it does not choose. */
  readonly temperature: number;
  /** Weight of the labels; the teacher has the rest. */
  readonly alpha: number;
}

/** Stands for the label of a row that has none: a number that is no class. */
export const NO_LABEL = 255;

/**
 * Mean over rows of α · CE(label) + (1 − α) · T² · KL(teacher ‖ student), the divergence between softmax(logits / T) of both; T² keeps the size of its gradient
 * whatever T is (Hinton et al. 2015). The first term is 0 for a row with `NO_LABEL`. logits and teacherLogits [rows, classes], labels int64 [rows].
 */
export function distillationLoss(
  logits: Tensor,
  labels: Tensor,
  teacherLogits: Tensor,
  { temperature, alpha }: DistillationOptions,
): Tensor {
  const teacher = logSoftmax(div(teacherLogits, temperature));
  const student = logSoftmax(div(logits, temperature));
  const divergence = reduceMean(reduceSum(mul(exp(teacher), sub(teacher, student)), [-1]));
  return add(mul(crossEntropy(logits, labels), alpha), mul(divergence, (1 - alpha) * temperature ** 2));
}
