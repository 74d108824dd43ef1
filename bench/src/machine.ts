import { cpus, totalmem } from 'node:os';

import { runtimeVersion } from '@marquee/model-core';

import { formatGigabytes } from './number-format.js';

/** One line on where a table comes from. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = formatGigabytes(totalmem());
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown CPU'}, ${memory} GB, Node ${process.versions.node}, ONNX Runtime ${runtimeVersion()}`;
}
