import { AutogradError } from './autograd-error.js';
import { dataTypes } from './dtype.js';
import { add, scalar } from './functions.js';
import { formatShape } from './shape.js';
import type { Node, Tensor } from './tensor.js';

/**
 * Reverse-mode differentiation: the gradients of a scalar with respect to tensors of its graph, as tensors of the same graph.
 * Branches that lead to none of the targets are never visited, so they cost nothing. A target that the scalar does not depend on is
 * an error: its gradient would be a silent zero.
 */
export function gradients(loss: Tensor, targets: readonly Tensor[]): Tensor[] {
  if (loss.shape.length > 0 || !dataTypes[loss.dtype].isFloat) {
    const actual = `${loss.dtype}${formatShape(loss.shape)}`;
    throw new AutogradError(
      'SHAPE_MISMATCH',
      `gradients: expected a floating-point scalar to differentiate, got ${actual}`,
    );
  }
  const wanted = new Set(targets.map((target) => target.id));
  const cotangents = new Map<number, Tensor>([[loss.id, scalar(1, loss.dtype)]]);
  for (const node of nodesTowards(loss, wanted).reverse()) propagate(node, wanted, cotangents);
  return targets.map((target) => {
    const cotangent = cotangents.get(target.id);
    if (cotangent) return cotangent;
    const name =
      target.source.kind === 'input' ? `input "${target.source.name}"` : `a tensor ${formatShape(target.shape)}`;
    throw new AutogradError('NOT_DIFFERENTIABLE', `gradients: the loss does not depend on ${name}`);
  });
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** The tensor of a parameter. Throws `INVALID_ATTRIBUTE` where there is none. */
export function lookUp(operation: string, tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor) return tensor;
  throw new AutogradError('INVALID_ATTRIBUTE', `${operation}: expected a tensor for parameter "${name}", found none`);
}

export interface Differentiated<Outputs> {
  readonly outputs: Outputs;
  readonly gradients: Record<string, Tensor>;
}

/** Turns a graph function with a scalar `loss` among its outputs into one that also gives the gradient of each parameter. */
export function gradient<Inputs, Outputs extends { readonly loss: Tensor }>(
  f: (parameters: Tensors, inputs: Inputs) => Outputs,
): (parameters: Tensors, inputs: Inputs) => Differentiated<Outputs> {
  return (parameters, inputs) => {
    const outputs = f(parameters, inputs);
    const names = Object.keys(parameters);
    const values = gradients(outputs.loss, Object.values(parameters));
    return { outputs, gradients: Object.fromEntries(values.map((value, i) => [names[i] ?? '', value])) };
  };
}

function propagate(node: Node, wanted: ReadonlySet<number>, cotangents: Map<number, Tensor>): void {
  const received = node.outputs.map((output) => cotangents.get(output.id) ?? null);
  if (received.every((cotangent) => cotangent === null)) return;
  const { inputs, outputs, attributes } = node;
  const sent = node.op.gradient({ inputs, outputs, attributes, cotangents: received });
  inputs.forEach((tensor, i) => {
    const cotangent = sent[i];
    if (!cotangent || !(wanted.has(tensor.id) || tensor.source.kind === 'node')) return;
    const sum = cotangents.get(tensor.id);
    cotangents.set(tensor.id, sum ? add(sum, cotangent) : cotangent);
  });
}

/** Nodes between the wanted tensors and the loss, inputs before consumers. Iterative: a graph may be deeper than the stack. */
function nodesTowards(loss: Tensor, wanted: ReadonlySet<number>): Node[] {
  const useful = new Map<number, boolean>();
  const order: Node[] = [];
  const stack = loss.source.kind === 'node' ? [loss.source.node] : [];
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Node; // the loop runs while the stack is not empty
    const pending = node.inputs.flatMap(({ source }) =>
      source.kind === 'node' && !useful.has(source.node.id) ? [source.node] : [],
    );
    if (pending.length > 0 && !useful.has(node.id)) {
      stack.push(...pending);
      continue;
    }
    stack.pop();
    if (useful.has(node.id)) continue;
    const leads = node.inputs.some(
      ({ id, source }) => wanted.has(id) || (source.kind === 'node' && useful.get(source.node.id)),
    );
    useful.set(node.id, leads);
    if (leads) order.push(node);
  }
  return order;
}
