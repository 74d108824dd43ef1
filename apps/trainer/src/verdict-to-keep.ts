import { createHash } from 'node:crypto';

import { GRAPH_FILES, type JsonObject, type Manifest } from '@marquee/model-core';

import type { EquivalenceReport } from './equivalence-gate.js';

/** The verdict that a manifest has of the very same int8 graph, where more labeled reviews gave it than a new one that could not tell. */
export function verdictToKeep(
  { equivalence, files }: Manifest,
  int8Graph: Uint8Array,
  found: EquivalenceReport,
): JsonObject | undefined {
  if (!equivalence || found.verdict !== 'inconclusive') return undefined;
  const sha256 = createHash('sha256').update(int8Graph).digest('hex');
  if (files[GRAPH_FILES.int8]?.sha256 !== sha256) return undefined;
  return labeledRows(found) < labeledRows(equivalence) ? equivalence : undefined;
}

/** A line for a person. */
export function describeKept(model: string, kept: JsonObject, found: EquivalenceReport): string {
  const verdict = `${JSON.stringify(kept['verdict'])} on ${labeledRows(kept)} labeled reviews`;
  return `${model}: the int8 graph has the same bytes as before, and its verdict stays: ${verdict}; ${labeledRows(found)} are fewer and cannot tell`;
}

/** Without labels there is no accuracy. */
const labeledRows = ({ accuracy, rows }: { readonly accuracy?: unknown; readonly rows?: unknown }): number =>
  accuracy === undefined ? 0 : Number(rows);
