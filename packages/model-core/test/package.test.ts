import { execFile, type ExecFileOptions } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { PNPM } from '../../../scripts/fingerprint.mjs';
import { PACKAGE, REPOSITORY, SHIPPED, temporaryFolder } from './support/folders.js';
import { writeTinyArtifact } from './support/tiny-artifact.js';

/** A failing command is shown with what it printed. */
async function run(file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  try {
    return (await promisify(execFile)(file, args, { ...options, encoding: 'utf8' })).stdout;
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    throw new Error(`${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause });
  }
}

/** Packages of the workspace that the published package depends on, itself first. */
const PACKED = ['model-core', 'linear', 'onnx', 'safetensors'];

/** Where `npm test` keeps npm's and pnpm's files when the home folder cannot be written. */
const SPARE_HOME = join(REPOSITORY, '.marquee', 'home');

async function pnpm(cwd: string, ...args: string[]): Promise<void> {
  const spare = existsSync(SPARE_HOME)
    ? {
        npm_config_cache: join(SPARE_HOME, 'npm'),
        XDG_CACHE_HOME: join(SPARE_HOME, 'cache'),
        XDG_DATA_HOME: join(SPARE_HOME, 'data'),
      }
    : {};
  await run('npx', ['-y', PNPM, ...args], {
    cwd,
    env: { ...process.env, ...spare },
    shell: process.platform === 'win32',
  });
}

/** Third-party packages as this workspace installed them: the empty project needs no registry and no metadata of one. */
async function installedDependencies(): Promise<Record<string, string>> {
  const links: Record<string, string> = {};
  for (const name of PACKED) {
    const folder = join(REPOSITORY, 'packages', name);
    const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies).filter((key) => !key.startsWith('@marquee/'))) {
      links[dependency] = `link:${realpathSync(join(folder, 'node_modules', dependency))}`;
    }
  }
  return links;
}

async function packTarballs(destination: string): Promise<Record<string, string>> {
  for (const name of PACKED) await pnpm(join(REPOSITORY, 'packages', name), 'pack', '--pack-destination', destination);
  const files = await readdir(destination);
  return Object.fromEntries(
    PACKED.map((name) => {
      const file = files.find((candidate) => candidate.startsWith(`marquee-${name}-`)) ?? '';
      return [`@marquee/${name}`, `file:${join(destination, file)}`];
    }),
  );
}

/** Does not compile when the declarations do not resolve: everything would be `any`, and no error expected. */
const TYPE_CHECKS = `
import { loadClassifier, type Prediction, Tensor } from '@marquee/model-core';
export const label = (prediction: Prediction): 'negative' | 'positive' => prediction.sentiment;
// @ts-expect-error a text is no list of texts
export const wrong = async () => (await loadClassifier('x')).predict('x');
// @ts-expect-error there is no such device
export const device = () => loadClassifier('x', { device: 'abacus' });
// @ts-expect-error there is no such element type
export const tensor = () => new Tensor('abacus', new Float32Array(1), [1]);
`;

it('installs from its tarballs into an empty project, where the lines of the README compile and run', async () => {
  const project = await temporaryFolder();
  const tarballs = await packTarballs(await temporaryFolder());
  const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8');
  const lines = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(lines).toContain('loadClassifier');

  const dependencies = { '@marquee/model-core': tarballs['@marquee/model-core'] };
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'empty', private: true, type: 'module', dependencies }),
  );
  // JSON is YAML.
  const workspace = {
    overrides: { ...tarballs, ...(await installedDependencies()) },
    allowBuilds: { 'onnxruntime-node': false },
  };
  await writeFile(join(project, 'pnpm-workspace.yaml'), JSON.stringify(workspace));
  await writeFile(join(project, 'index.ts'), lines);
  await writeFile(join(project, 'types.ts'), TYPE_CHECKS);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: 'NodeNext',
    target: 'ES2023',
    lib: ['ES2023', 'DOM'],
    types: [],
    skipLibCheck: true, // onnxruntime-common's declarations name WebNN types that no library has
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['index.ts', 'types.ts'] }));
  await cp(
    existsSync(join(SHIPPED, 'manifest.json')) ? SHIPPED : await writeTinyArtifact(),
    join(project, 'artifacts/marquee'),
    {
      recursive: true,
    },
  );

  await pnpm(project, 'install', '--offline', '--no-frozen-lockfile');
  await run(process.execPath, [createRequire(import.meta.url).resolve('typescript/bin/tsc'), '-p', project]);
  const printed = await run(process.execPath, ['index.js'], { cwd: project });
  expect(printed).toMatch(/^(positive|negative) 0\.\d+ \{ negative: .*, positive: .* \} int8$/m);
}, 600_000);
