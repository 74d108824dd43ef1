// npm run bench:schemathesis: the API against its own OpenAPI document, by schemathesis from PyPI, with keys required.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { BenchError } from './bench-error.js';
import { adopt } from './child-process.js';
import { runCommand } from './command.js';
import { withServer } from './serving/server-process.js';
import type { RunningServer } from './serving/server-process.js';
import { withTemporaryFolder } from './temporary-folder.js';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const MAIN = inRepository('apps/api/dist/main.js');
const CONFIG = inRepository('apps/api/schemathesis.toml');

interface Group {
  readonly name: string;
  /** Paths, as a regular expression. */
  readonly paths: string;
  /** Cases that schemathesis makes at most of each operation and phase. */
  readonly examples: number;
}

/** More cases where there is more to get wrong; the figures are those of a whole run. */
const GROUPS: readonly Group[] = [
  { name: 'predictions', paths: '^/(predict|hf|tei/predict|v2/models/marquee/.*infer)', examples: 1500 },
  { name: 'administration and explanations', paths: '^/(admin|explain)', examples: 200 },
  { name: 'the rest', paths: '^/(health|livez|readyz|metrics|model|tei/(info|health)|v2(?!.*infer))', examples: 50 },
];

async function main({
  command,
  model,
  short,
}: {
  command: string;
  model: string | undefined;
  short: boolean;
}): Promise<void> {
  await withTemporaryFolder(async (dir) => {
    const keysDir = join(dir, 'keys');
    const key = await createKey(keysDir);
    const server = {
      name: 'marquee',
      command: process.execPath,
      args: (port: number) => [
        MAIN,
        ...['--port', String(port), '--keys-dir', keysDir, '--log-level', 'warn'],
        ...(model === undefined ? [] : ['--model', model]),
      ],
      readyPath: '/readyz',
    };
    await withServer(server, dir, async (running) => {
      for (const group of GROUPS) {
        const examples = short ? Math.ceil(group.examples / 50) : group.examples;
        console.log(`\n${group.name}: up to ${examples} cases of each operation and phase\n`);
        await runSchemathesis(command, running, { ...group, examples }, key);
      }
    });
  });
}

/** A key that may do everything. */
async function createKey(keysDir: string): Promise<string> {
  const scopes = 'predict,explain,metrics,admin';
  const args = [MAIN, 'keys', 'create', '--keys-dir', keysDir, '--name', 'schemathesis', '--scopes', scopes];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}

async function versionOf(url: string): Promise<string> {
  const { model_version: version } = (await (await fetch(`${url}/readyz`)).json()) as { model_version: string };
  return version;
}

/** Its report goes to the terminal. Throws `CHILD_FAILED` when it found anything. */
async function runSchemathesis(command: string, server: RunningServer, group: Group, key: string): Promise<void> {
  const args = [
    ...['--config-file', CONFIG, '--no-color', 'run', `${server.url}/openapi.json`],
    ...['--include-path-regex', group.paths, '--max-examples', String(group.examples)],
    ...['--continue-on-failure', '--seed', '20260101'],
  ];
  const env = { ...process.env, MARQUEE_KEY: key, MARQUEE_MODEL_VERSION: await versionOf(server.url) };
  const child = spawn(command, args, { stdio: 'inherit', env });
  adopt(child);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status === 0) return;
  const end = server.log().trim().split('\n').slice(-5).join('\n');
  throw new BenchError(
    'CHILD_FAILED',
    `schemathesis found something wrong with ${group.name}; the log of the server ends:\n${end}`,
  );
}

await runCommand(
  'Tries every route with generated requests, valid and not: statuses, bodies and headers must be those of the document.',
  {
    python: { kind: 'path', help: 'Python with schemathesis 4' },
    model: { kind: 'path', help: 'artifact folder', fallback: 'the shipped model' },
    short: { kind: 'flag', help: 'a fiftieth of the cases, as in CI' },
  },
  async (options) => {
    const python = options.path('python');
    if (python === undefined)
      throw new BenchError('INVALID_ARGUMENT', '--python: expected a Python with schemathesis 4');
    const command = join(dirname(python), 'schemathesis');
    if (!existsSync(command))
      throw new BenchError('INVALID_ARGUMENT', `--python: expected ${command} beside it: pip install schemathesis`);
    await main({ command, model: options.path('model'), short: options.flag('short') });
  },
);
