import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { installFingerprint } from '../fingerprint.mjs';
import { root } from '../root.mjs';

const COMPILER_OPTIONS = {
  composite: true,
  lib: ['ES5'], // the smallest, so that a build takes a second
  module: 'NodeNext',
  skipLibCheck: true,
  types: [],
};

/** A workspace of one app in a temporary folder, under the repository's own scripts: installed, and not built. */
export class Checkout {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'marquee checkout-')));

  constructor() {
    for (const folder of ['scripts', 'docker/check']) {
      cpSync(join(root, folder), join(this.root, folder), { recursive: true });
    }
    this.write('pnpm-lock.yaml', 'lockfileVersion: 9');
    this.write('tsconfig.json', JSON.stringify({ files: [], references: [{ path: 'apps/api' }] }));
    this.write('apps/api/package.json', JSON.stringify({ type: 'module' }));
    this.write(
      'apps/api/tsconfig.json',
      JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, rootDir: 'src', outDir: 'dist' }, include: ['src'] }),
    );
    this.writeServer("'server'");
    this.write('node_modules/.marquee-install', installFingerprint(this.root));
    symlinkSync(realpathSync(join(root, 'node_modules/typescript')), join(this.root, 'node_modules/typescript'));
  }

  /** @param path relative to the root */
  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content, { mode });
  }

  /** Makes the app one that prints the value of `expression`, which must be a string. */
  writeServer(expression: string): void {
    this.write(
      'apps/api/src/main.ts',
      `declare const process: { cwd(): string; stdout: { write(text: string): void } };
       const text: string = ${expression};
       process.stdout.write(text);`,
    );
  }

  /** `npm start` by a user who stands in `userFolder`, where `npx` does as `npx` says in the shell's language. */
  start({ userFolder = this.root, npx = 'exit 1' } = {}): { stdout: string; stderr: string; status: number | null } {
    this.write('bin/npx', `#!/bin/sh\n${npx}\n`, 0o755);
    return spawnSync(process.execPath, [join(this.root, 'scripts/run.cjs'), 'start'], {
      encoding: 'utf8',
      cwd: this.root,
      env: { PATH: join(this.root, 'bin'), HOME: this.root, INIT_CWD: userFolder },
    });
  }
}
