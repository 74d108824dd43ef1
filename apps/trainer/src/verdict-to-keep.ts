import { createHash } from 'node:crypto';

import { GRAPH_FILES, type JsonObject, type JsonValue, type Manifest } from '@marquee/model-core';

import type { EquivalenceReport } from './equivalence-gate.js';
import { asObject } from './model-card.js';

/** The verdict that a manifest has of the very same int8 graph, where more labeled reviews gave it, within no wider a margin, than a new one that could not tell. */
export function verdictToKeep(
  { equivalence, files }: Manifest,
  int8Graph: Uint8Array,
  found: EquivalenceReport,
): JsonObject | undefined {
  if (!equivalence || found.verdict !== 'inconclusive') return undefined;
  const sha256 = createHash('sha256').update(int8Graph).digest('hex');
  if (files[GRAPH_FILES.int8]?.sha256 !== sha256) return undefined;
  const isStronger = labeledRows(equivalence) > labeledRows(found) && marginOf(equivalence) <= marginOf(found);
  return isStronger ? equivalence : undefined;
}

/** A line for a person. */
export function describeKept(model: string, kept: JsonObject, found: EquivalenceReport): string {
  const marginPoints = Number((100 * marginOf(kept)).toPrecision(12));
  const verdict = `${JSON.stringify(kept['verdict'])} on ${labeledRows(kept)} labeled reviews, with a margin of ${marginPoints} points`;
  return `${model}: the int8 graph has the same bytes as before, and its verdict stays: ${verdict}; ${labeledRows(found)} are fewer and cannot tell`;
}

/** Without labels there is no accuracy. */
const labeledRows = ({ accuracy, rows }: { readonly accuracy?: unknown; readonly rows?: unknown }): number =>
  accuracy === undefined ? 0 : Number(rows);

/** Of the accuracy, as a share. */
const marginOf = ({ limits }: { readonly limits?: JsonValue }): number => Number(asObject(limits)['margin']);
