import { readFileSync } from 'node:fs';

/** The largest sum of two uint8 × int8 products is then 2 · 255 · 64 = 32,640, which 16 bits hold. */
const LARGEST_SAFE_WEIGHT = 64;

/**
 * Why sums of uint8 × int8 products cannot overflow. A CPU of x86-64 without VNNI adds pairs of them in 16 bits with saturation: a graph with larger weights would
 * answer wrongly there, and silently.
 * - `weights`: no weight's magnitude exceeds 64, as in every graph of this project
 * - `cpu`: the CPU has VNNI, or is of another kind than x86-64
 * - `precision-option`: ONNX Runtime was told to compute in another way, which takes the time of fp32
 */
export type Int8Guard = 'weights' | 'cpu' | 'precision-option';

/** ONNX Runtime then makes the weights uint8 where the CPU has no VNNI; elsewhere it changes nothing. */
export const PRECISION_OPTION = { 'session.x64quantprecision': '1' } as const;

/** What of a machine decides how int8 is computed. */
export interface Machine {
  /** As `process.arch`. */
  readonly arch: string;
  /** Names as in /proc/cpuinfo; undefined where nothing tells them. */
  cpuFlags(): ReadonlySet<string> | undefined;
}

export const thisMachine: Machine = { arch: process.arch, cpuFlags: () => parseCpuFlags(readCpuInfo()) };

/** `largestWeight` is that of all int8 weights that enter products; 0, for none, needs no guard. Unknown CPUs count as lacking VNNI. */
export function guardInt8(largestWeight: number, machine: Machine): Int8Guard | undefined {
  if (largestWeight === 0) return undefined;
  if (largestWeight <= LARGEST_SAFE_WEIGHT) return 'weights';
  return machine.arch !== 'x64' || hasVnni(machine.cpuFlags()) ? 'cpu' : 'precision-option';
}

/** The flags of the first processor that Linux lists. */
export function parseCpuFlags(cpuInfo: string | undefined): ReadonlySet<string> | undefined {
  const [, flags] = /^flags\s*:\s*(.+)$/m.exec(cpuInfo ?? '') ?? [];
  return flags === undefined ? undefined : new Set(flags.trim().split(/\s+/));
}

const hasVnni = (flags: ReadonlySet<string> | undefined): boolean =>
  flags !== undefined && (flags.has('avx512_vnni') || flags.has('avx_vnni'));

function readCpuInfo(): string | undefined {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return undefined; // no Linux
  }
}
