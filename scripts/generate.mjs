import { delimiter, join } from 'node:path';

import { root } from './root.mjs';
import { collect } from './run-tool.mjs';

/** Writes packages/onnx/src/generated from packages/onnx/proto. */
export async function generate() {
  const folder = join(root, 'packages/onnx');
  const bin = join(folder, 'node_modules/.bin'); // where buf finds protoc-gen-es
  const { code, output } = await collect(join(bin, 'buf'), ['generate'], {
    cwd: folder,
    env: { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) },
  });
  process.stdout.write(output);
  process.exitCode = code;
}
