import {
  add,
  dimension,
  div,
  gather,
  gradient,
  type Graph,
  input,
  mul,
  overSlices,
  scalar,
  sumRows,
  type Tensor,
  type Tensors,
} from '@marquee/autograd';

/** Rows of a parameter by int64 ids [batch, ...]. */
export interface LookUp {
  readonly parameter: string;
  readonly ids: Tensor;
}

/** A loss that is a mean over the rows of a batch, or over what `weightOf` weighs. */
export interface BatchLoss<Outputs extends Tensors & { readonly loss: Tensor }> {
  /** Tables from which a slice is given only its rows, under the names of these. */
  readonly lookUps: Readonly<Record<string, LookUp>>;
  /** Names of the parameters that every slice is given whole. */
  readonly whole: readonly string[];
  /** What else of the batch a slice is given its part of, each with a leading axis `batch`. */
  readonly batch: Tensors;
  /** The loss of a slice, and what else is to be known of each of its rows. */
  readonly lossOf: (parameters: Tensors, slice: Tensors) => Outputs;
  /** What the mean over a batch, or over a slice of it, divides by: a scalar. Default its rows. */
  readonly weightOf?: (batch: Tensors) => Tensor;
  /** A scalar by which all gradients are multiplied, from the loss on. Default 1. */
  readonly lossScale?: Tensor | undefined;
  /** Default: what suits the caches of a CPU. */
  readonly tokensPerSlice?: number | undefined;
}

/** Tokens whose activations fit a core's cache beside the weights that they meet: see docs/decisions. */
const TOKENS_PER_SLICE = 1024;

/**
 * Loss and gradients of a batch, slice by slice: the activations of a whole batch would have to live in main memory from the forward pass until
 * the backward pass reads them. Rows are looked up, and their gradients are summed, outside of the slices.
 */
export function slicedGradients<Outputs extends Tensors & { readonly loss: Tensor }>(
  parameters: Tensors,
  task: BatchLoss<Outputs>,
): { outputs: Outputs; gradients: Tensors } {
  const parameter = (name: string): Tensor => parameters[name] as Tensor; // a task names its parameters
  const lookUps = Object.entries(task.lookUps);
  const whole = Object.fromEntries(task.whole.map((name) => [name, parameter(name)]));
  const rows = Object.fromEntries(
    lookUps.map(([name, { parameter: table, ids }]) => [name, gather(parameter(table), ids)]),
  );
  const sliced = { ...rows, ...task.batch };
  const { lossScale = scalar(1), tokensPerSlice = TOKENS_PER_SLICE } = task;
  // Divided by less than its weight, the loss of the batch and with it every gradient comes out scaled.
  const bindings = { ...whole, ...sliced, batch_weight: div(weigh(task, sliced), lossScale) };
  const body = sliceGraph(task, declareLike(bindings));
  const results = overSlices(body, bindings, {
    sliced: Object.keys(sliced),
    summed: ['loss', ...task.whole],
    elements: tokensPerSlice,
    perRow: 'seq',
  });
  const gradients: Record<string, Tensor> = Object.fromEntries(
    task.whole.map((name) => [name, results[name] as Tensor]),
  ); // summed above
  for (const [name, { parameter: table, ids }] of lookUps) {
    const ofRows = sumRows(results[name] as Tensor, ids, parameter(table).shape); // joined, as every output that is not summed
    gradients[table] = gradients[table] ? add(gradients[table], ofRows) : ofRows;
  }
  const loss = div(results['loss'] as Tensor, lossScale); // summed above
  return { outputs: { ...(results as Outputs), loss }, gradients };
}

/** Forward and backward pass of one slice: its part of the loss and of the gradients, the gradients of its rows, and its other outputs. */
function sliceGraph<Outputs extends Tensors & { readonly loss: Tensor }>(
  task: BatchLoss<Outputs>,
  inputs: Tensors,
): Graph {
  const { whole, lookUps, lossOf } = task;
  const trained = Object.fromEntries([...whole, ...Object.keys(lookUps)].map((name) => [name, inputs[name] as Tensor])); // declared
  const { outputs, gradients } = gradient((parameters: Tensors, slice: Tensors) => {
    const given = lossOf(parameters, { ...slice, ...parameters });
    const share = div(weigh(task, slice), inputs['batch_weight'] as Tensor); // declared; a mean over the batch weighs its slices
    return { ...given, loss: mul(given.loss, share) };
  })(trained, inputs);
  return { name: 'slice', inputs: Object.values(inputs), outputs: { ...gradients, ...outputs } };
}

const weigh = <Outputs extends Tensors & { readonly loss: Tensor }>(
  { weightOf = () => dimension('batch') }: BatchLoss<Outputs>,
  batch: Tensors,
): Tensor => weightOf(batch);

const declareLike = (tensors: Tensors): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]));
