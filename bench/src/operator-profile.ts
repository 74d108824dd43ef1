import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface TraceEvent {
  readonly cat?: string;
  readonly name?: string;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

export interface OperatorTime {
  readonly operator: string;
  readonly callsPerRun: number;
  readonly msPerRun: number;
}

export interface OperatorProfile {
  /** Longest first. */
  readonly operators: readonly OperatorTime[];
  /** Mean time of a run, kernels and ONNX Runtime's own work between them. */
  readonly runMs: number;
}

/** Operators whose time is that of the operators in their graphs, which stand in the trace themselves. */
const CONTAINERS: ReadonlySet<string> = new Set(['Loop', 'If']);

/** Time by operator over the last `runs` runs of the one profile in a folder, as ONNX Runtime's Chrome trace has it. */
export async function readProfile(dir: string, runs: number): Promise<OperatorProfile> {
  const [file] = (await readdir(dir)).filter((name) => name.endsWith('.json'));
  if (file === undefined) throw new RangeError(`bug: ONNX Runtime wrote no profile into ${dir}`);
  return summarizeTrace(JSON.parse(await readFile(join(dir, file), 'utf8')) as TraceEvent[], runs);
}

export function summarizeTrace(events: readonly TraceEvent[], runs: number): OperatorProfile {
  const timed = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run').slice(-runs);
  const from = timed[0]?.ts ?? Infinity;
  const totals = new Map<string, { calls: number; ms: number }>();
  for (const { cat, name, ts = 0, dur = 0, args } of events) {
    if (cat !== 'Node' || !name?.endsWith('_kernel_time') || ts < from) continue;
    const operator = args?.op_name ?? 'unknown';
    if (CONTAINERS.has(operator)) continue;
    const { calls, ms } = totals.get(operator) ?? { calls: 0, ms: 0 };
    totals.set(operator, { calls: calls + 1, ms: ms + dur / 1000 });
  }
  const operators = [...totals].map(([operator, { calls, ms }]) => ({
    operator,
    callsPerRun: calls / timed.length,
    msPerRun: ms / timed.length,
  }));
  return {
    operators: operators.toSorted((a, b) => b.msPerRun - a.msPerRun),
    runMs: timed.reduce((sum, { dur = 0 }) => sum + dur / 1000, 0) / timed.length,
  };
}
