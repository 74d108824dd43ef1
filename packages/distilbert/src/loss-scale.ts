import {
  add,
  cast,
  input,
  isFiniteNumber,
  type LossScale,
  type LossScaling,
  nextLossScale,
  sub,
  type Tensor,
  type Tensors,
  where,
} from '@marquee/autograd';

/** Names of the scalars, float32, that a training with a scaled loss has in its state. */
export const LOSS_SCALE = 'loss_scale';
const GOOD_STEPS = 'good_steps';
export const SKIPPED_STEPS = 'skipped_steps';

export interface DeclaredLossScale extends LossScale {
  /** Updates that were not made because gradients overflowed. */
  readonly skippedSteps: Tensor;
}

const scalarInput = (name: string): Tensor => input(name, 'float32', []);

export const declareLossScale = (): DeclaredLossScale => ({
  scale: scalarInput(LOSS_SCALE),
  goodSteps: scalarInput(GOOD_STEPS),
  skippedSteps: scalarInput(SKIPPED_STEPS),
});

/** The values of the scalars by name, before the first update. */
export const initialLossScale = ({ initialScale }: LossScaling): Readonly<Record<string, number>> => ({
  [LOSS_SCALE]: initialScale,
  [GOOD_STEPS]: 0,
  [SKIPPED_STEPS]: 0,
});

export const lossScaleTensors = ({ scale, goodSteps, skippedSteps }: DeclaredLossScale): Record<string, Tensor> => ({
  [LOSS_SCALE]: scale,
  [GOOD_STEPS]: goodSteps,
  [SKIPPED_STEPS]: skippedSteps,
});

/** An update that is not made where the norm of its gradients is not finite: everything stays but the scale, which shrinks. Tensors by their name in the state. */
export function unlessOverflow(
  { updated, current }: { readonly updated: Tensors; readonly current: Tensors },
  lossScale: DeclaredLossScale,
  norm: Tensor,
  options: LossScaling,
): Record<string, Tensor> {
  const finite = isFiniteNumber(norm);
  const entries = Object.entries(updated).map(([name, tensor]) => [
    name,
    where(finite, tensor, current[name] as Tensor), // every tensor of the state is updated
  ]);
  const next = nextLossScale(lossScale, finite, options);
  const skippedSteps = add(lossScale.skippedSteps, sub(1, cast(finite, 'float32')));
  return { ...(Object.fromEntries(entries) as Tensors), ...lossScaleTensors({ ...next, skippedSteps }) };
}
