import { ModelCoreError } from '../errors.js';
import type { SessionDevice } from '../runtime.js';
import type { Int8Guard } from './int8-guard.js';

export const GRAPH_FILES = { int8: 'onnx/model_quantized.onnx', fp32: 'onnx/model.onnx' } as const;
export type Graph = keyof typeof GRAPH_FILES;

export interface ExecutionRequest {
  readonly device: 'auto' | SessionDevice;
  readonly graph: 'auto' | Graph;
  /** The graphs that the artifact holds. */
  readonly available: readonly Graph[];
  /** Why CUDA cannot be used as far as files tell, or undefined. */
  readonly missingCuda: string | undefined;
  /** Where the artifact lies, for the command that would add a graph. */
  readonly dir: string;
}

export interface ExecutionPlan {
  readonly device: SessionDevice;
  readonly graph: Graph;
  /** Why the choice is not CUDA, when CUDA was open to choice, and why int8 runs slowly or not at all. */
  readonly reason?: string;
  /** Why sums of int8 products cannot overflow; absent where no int8 weights run. */
  readonly int8Guard?: Int8Guard;
}

/**
 * Chooses device and graph. CUDA runs fp32 only, since its provider has no kernel for int8's dynamic products; the CPU
 * prefers int8. Throws `DEVICE_UNAVAILABLE` or `GRAPH_UNAVAILABLE`, saying what is missing, for what was asked by name.
 */
export function planExecution(request: ExecutionRequest): ExecutionPlan {
  const obstacle = cudaObstacle(request);
  if (request.device !== 'cpu' && !obstacle) return { device: 'cuda', graph: 'fp32' };
  if (request.device === 'cuda' && obstacle) {
    throw new ModelCoreError(obstacle.code, `device "cuda" cannot be used: ${obstacle.reason}`);
  }
  const graph = cpuGraph(request);
  return obstacle && request.device === 'auto'
    ? { device: 'cpu', graph, reason: obstacle.reason }
    : { device: 'cpu', graph };
}

const MAY_OVERFLOW = 'its weights exceed 64, and this CPU is not known to have VNNI';

/** fp32 in place of an int8 graph whose sums could overflow on this machine. */
export const withoutInt8 = ({ device, reason }: ExecutionPlan): ExecutionPlan => ({
  device,
  graph: 'fp32',
  reason: join(reason, `graph "int8" is not used: ${MAY_OVERFLOW}`),
});

/** Such a graph in ONNX Runtime's more precise way, where there is no fp32 graph or int8 was asked for. */
export const withPrecisionOption = (plan: ExecutionPlan): ExecutionPlan => ({
  ...plan,
  int8Guard: 'precision-option',
  reason: join(plan.reason, `graph "${plan.graph}" runs with session.x64quantprecision: ${MAY_OVERFLOW}`),
});

const join = (reason: string | undefined, next: string): string => (reason === undefined ? next : `${reason}; ${next}`);

function cpuGraph({ graph, available, dir }: ExecutionRequest): Graph {
  const wanted = graph === 'auto' ? (available.includes('int8') ? 'int8' : 'fp32') : graph;
  if (available.includes(wanted)) return wanted;
  throw new ModelCoreError('GRAPH_UNAVAILABLE', `graph "${wanted}" cannot be used: ${missingGraph(wanted, dir)}`);
}

function cudaObstacle({
  graph,
  available,
  missingCuda,
  dir,
}: ExecutionRequest): { code: 'GRAPH_UNAVAILABLE' | 'DEVICE_UNAVAILABLE'; reason: string } | undefined {
  if (graph === 'int8')
    return { code: 'GRAPH_UNAVAILABLE', reason: 'CUDA runs graph "fp32" only, "int8" was asked for' };
  if (missingCuda !== undefined) return { code: 'DEVICE_UNAVAILABLE', reason: missingCuda };
  if (!available.includes('fp32')) return { code: 'GRAPH_UNAVAILABLE', reason: missingGraph('fp32', dir) };
  return undefined;
}

function missingGraph(graph: Graph, dir: string): string {
  const file = `${GRAPH_FILES[graph]} is not in the artifact`;
  return graph === 'fp32' ? `${file}; write it with: npm run export -- --model ${dir}` : file;
}
