import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const bin = join(folder, 'node_modules/.bin');

it('regenerating the protobuf types gives the committed file', (context) => {
  const out = mkdtempSync(join(tmpdir(), 'marquee-generated-'));
  try {
    const { status, error, stderr } = spawnSync(join(bin, 'buf'), ['generate', '--output', out], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter), XDG_CACHE_HOME: out },
    });
    if (error || /Unsupported platform|Cannot find module/.test(stderr)) {
      context.skip(`the generator does not run on this machine: ${error?.message ?? stderr}`);
    }
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const file = 'src/generated/onnx_pb.ts';
    expect(readFileSync(join(out, file), 'utf8')).toBe(readFileSync(join(folder, file), 'utf8'));
  } finally {
    rmSync(out, { recursive: true });
  }
});
