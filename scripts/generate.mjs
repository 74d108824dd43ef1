import { join } from 'node:path';

import { root } from './root.mjs';
import { runTool } from './run-tool.mjs';

/** Writes packages/onnx/src/generated from packages/onnx/proto. */
export async function generate() {
  const folder = join(root, 'packages/onnx');
  const { code, output } = await runTool(join(folder, 'node_modules/@bufbuild/buf/bin/buf'), ['generate', folder]);
  process.stdout.write(output);
  process.exitCode = code;
}
