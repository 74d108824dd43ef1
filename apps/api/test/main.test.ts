import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TINY_DRAFT, tinyFiles } from '@marquee/fixtures';
import { writeManifest } from '@marquee/model-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyArtifact } from './support/artifact.js';
import type { TemporaryArtifact } from './support/artifact.js';
import { descendantsOf, isRunning } from './support/processes.js';
import { post, send, until } from './support/service.js';

// The real process, as compiled.
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const hasProc = process.platform === 'linux';

interface Run {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly pid: number;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  output(): string;
  errors(): string;
}

let artifact: TemporaryArtifact;
const runs: Run[] = [];
beforeAll(async () => {
  artifact = await writeTinyArtifact();
});
afterAll(() => artifact[Symbol.asyncDispose]());
afterEach(() => {
  for (const { process } of runs.splice(0)) process.kill('SIGKILL');
});

/** What npm sets for the one who runs these tests is not what the server under test is told. */
const CLEAN_ENV = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^MARQUEE_|^PORT$|^HOST$/i.test(name))),
  MARQUEE_KEYS_DIR: join(tmpdir(), 'marquee-no-keys'),
};

function start(command: string, args: readonly string[], cwd?: string): Run {
  const child = spawn(command, args, { env: CLEAN_ENV, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
  });
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  const run = { process: child, pid: child.pid, exit, output: () => output, errors: () => errors };
  runs.push(run);
  return run;
}

/** One inference process, whatever the machine has. */
const startMain = (...args: string[]): Run => start(process.execPath, [MAIN, '--processes', '1', ...args]);

/** Waits for the greeting and returns the address in it. */
async function addressOf(run: Run): Promise<string> {
  let ended = false;
  void run.exit.then(() => (ended = true));
  await until(() => / on (https?:\S+) /.test(run.output()) || ended);
  const [, url] = / on (https?:\S+) /.exec(run.output()) ?? [];
  if (url === undefined) throw new Error(`no greeting: ${run.output()}${run.errors()}`);
  return url;
}

async function isAnswering(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Resolves when the first review was given to a process. */
const untilRunning = (url: string) =>
  until(async () =>
    (await (await fetch(`${url}/metrics`)).text()).includes('_wait_seconds_count{priority="single"} 1'),
  );

const logsOf = (run: Run) =>
  run
    .errors()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

describe('the start', () => {
  test('prints the address and a curl line that works', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    const url = await addressOf(run);
    const curl =
      run
        .output()
        .split('\n')
        .find((line) => line.includes('curl')) ?? '';
    expect(curl).toContain(`curl -s ${url}/predict`);
    const [, body] = /-d '(.+)'/.exec(curl) ?? [];
    expect((await post(`${url}/predict`, JSON.parse(body ?? ''))).status).toBe(200);
    expect((await send(`${url}/model/info`)).body).toMatchObject({ model_path: artifact.dir });
    run.process.kill('SIGTERM');
    expect(await run.exit).toEqual({ code: 0, signal: null });
    // What a server tells is its requests and its end, and nothing went wrong with them.
    expect(logsOf(run)).toMatchObject([
      { level: 'info', msg: 'request', route: '/predict', status: 200 },
      { level: 'info', msg: 'request', route: '/model/info', status: 200 },
      { level: 'info', msg: 'stopping', reason: 'SIGTERM' },
    ]);
  });

  test('shows a model below the current folder by its relative path', async () => {
    const run = start(process.execPath, [MAIN, '--model', '.', '--port', '0'], artifact.dir);
    const url = await addressOf(run);
    expect((await send(`${url}/model/info`)).status).toBe(200);
  });
});

describe('keys', () => {
  test('that the command creates open the server, and nothing that is sent shows in what it writes', async () => {
    const keysDir = await mkdtemp(join(tmpdir(), 'marquee-keys-'));
    const create = start(process.execPath, [MAIN, 'keys', 'create', '--name', 'test', '--keys-dir', keysDir]);
    expect(await create.exit).toEqual({ code: 0, signal: null });
    const key = create.output().trim();
    expect(key).toMatch(/^mq_[0-9a-f]{12}_[\w-]{43}$/);

    const options = ['--host', '0.0.0.0', '--keys-dir', keysDir, '--log-level', 'debug'];
    const run = startMain('--model', artifact.dir, '--port', '0', ...options);
    const url = await addressOf(run);
    const ask = async (headers: Record<string, string>, body: string) =>
      (await fetch(`${url}/predict?text=quokka`, { method: 'POST', headers, body })).status;
    const json = { 'Content-Type': 'application/json', 'X-API-Key': key };
    expect(await ask(json, '{"text":"quokka"}')).toBe(200);
    expect(await ask(json, '{"text":"quokka')).toBe(400);
    expect(await ask(json, `{"quokka":"${key}"}`)).toBe(400);
    expect(await ask({ ...json, 'X-API-Key': `${key}x` }, '{"text":"quokka"}')).toBe(401);
    expect(await ask({ ...json, Authorization: 'Bearer quokka' }, '{"text":"quokka"}')).toBe(401);
    run.process.kill('SIGTERM');
    expect(await run.exit).toEqual({ code: 0, signal: null });
    const written = run.output() + run.errors();
    expect(written.match(/"msg":"request"/g)).toHaveLength(5);
    expect(written).not.toMatch(new RegExp(`quokka|${key.slice(16)}`));
    await rm(keysDir, { recursive: true });
  });
});

describe('one clear sentence and a non-zero exit', () => {
  async function expectRefusal(run: Run, code: number, sentence: RegExp): Promise<void> {
    expect(await run.exit).toEqual({ code, signal: null });
    expect(run.errors()).toMatch(sentence);
    expect(run.errors().trim().split('\n')).toHaveLength(1);
    expect(run.output()).toBe('');
  }

  test('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await until(() => other.listening);
    const { port } = other.address() as AddressInfo;
    const run = startMain('--model', artifact.dir, '--port', String(port));
    await expectRefusal(run, 69, new RegExp(`^marquee: Port ${port} on 127\\.0\\.0\\.1 is taken: .+\\.\n$`));
    other.close();
  });

  test('when the host is not of this machine', async () => {
    await expectRefusal(
      startMain('--model', artifact.dir, '--host', '192.0.2.1', '--allow-anonymous', 'true'),
      69,
      /192\.0\.2\.1 is no address of this machine/,
    );
  });

  test('when the model is missing', async () => {
    await expectRefusal(startMain('--model', '/nowhere/model', '--port', '0'), 66, /\/nowhere\/model does not exist/);
  });

  test('when a file of the model is damaged', async () => {
    const damaged = await writeTinyArtifact();
    await writeFile(join(damaged.dir, 'config.json'), '{"model_type":"distilbert"}');
    await expectRefusal(
      startMain('--model', damaged.dir, '--port', '0'),
      66,
      /config\.json: the manifest says \d+ bytes/,
    );
    await damaged[Symbol.asyncDispose]();
  });

  test('when others could ask without a key', async () => {
    await expectRefusal(
      startMain('--model', artifact.dir, '--host', '0.0.0.0', '--port', '0'),
      64,
      /^marquee: 0\.0\.0\.0 can be reached from elsewhere, .*npm run keys -- create.* MARQUEE_ALLOW_ANONYMOUS=true /,
    );
  });

  test('when a setting is wrong', async () => {
    await expectRefusal(startMain('--port', 'http'), 64, /--port must be an integer from 0 to 65535, got "http"\./);
  });
});

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends the server and its children with exit 0', async (signal) => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    const url = await addressOf(run);
    const children = descendantsOf(run.pid);
    expect(children).toHaveLength(hasProc ? 1 : 0);
    run.process.kill(signal);
    run.process.kill(signal); // a terminal and npm both send it
    expect(await run.exit).toEqual({ code: 0, signal: null });
    expect(children.filter(isRunning)).toEqual([]);
    expect(await isAnswering(url)).toBe(false);
  });

  test('Ctrl-C to the whole process group loses no request in hand', async () => {
    const run = start('setsid', [process.execPath, MAIN, '--processes', '1', '--model', artifact.dir, '--port', '0']);
    const url = await addressOf(run);
    const reviews = Array(32).fill('good');
    const answers = Array.from({ length: 8 }, () => post(`${url}/predict/batch`, { reviews }));
    await send(`${url}/health`);
    process.kill(-run.pid, 'SIGINT');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await run.exit).toEqual({ code: 0, signal: null });
    expect(logsOf(run).filter(({ msg }) => msg !== 'request')).toMatchObject([
      { level: 'info', msg: 'stopping', reason: 'SIGINT' },
    ]);
  });

  test.runIf(hasProc)('is the same when a process hangs: it is killed', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    await addressOf(run);
    const [child = 0] = descendantsOf(run.pid);
    process.kill(child, 'SIGSTOP');
    run.process.kill('SIGTERM');
    expect(await run.exit).toEqual({ code: 0, signal: null });
    expect(isRunning(child)).toBe(false);
  });

  test.runIf(hasProc)('comes within the time to drain that is set, and what does not fit is answered 503', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0', '--drain-timeout-ms', '1000');
    const url = await addressOf(run);
    const [child = 0] = descendantsOf(run.pid);
    process.kill(child, 'SIGSTOP');
    const answer = post(`${url}/predict`, { text: 'good' });
    await untilRunning(url);
    run.process.kill('SIGTERM');
    // In the time that there is by default, another process would have answered for the one that hangs.
    expect(await answer).toMatchObject({ status: 503, body: { code: 'SHUTTING_DOWN' } });
    expect(await run.exit).toEqual({ code: 0, signal: null });
  });

  test('is announced while connections are still answered', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    const url = await addressOf(run);
    run.process.kill('SIGTERM');
    await until(async () => (await fetch(`${url}/readyz`)).status === 503);
    const answer = await fetch(`${url}/livez`);
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    expect(await run.exit).toEqual({ code: 0, signal: null });
  });

  test('a signal while the model is being loaded is exit 0, too', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    await until(() => descendantsOf(run.pid).length > 0 || !hasProc);
    run.process.kill('SIGTERM');
    expect(await run.exit).toEqual({ code: 0, signal: null });
  });

  test.runIf(hasProc)('SIGKILL of the server takes its children with it', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    await addressOf(run);
    const children = descendantsOf(run.pid);
    expect(children).toHaveLength(1);
    run.process.kill('SIGKILL');
    await until(() => !children.some(isRunning));
  });

  test.runIf(hasProc)('a killed child is replaced, and the server answers on', async () => {
    const run = startMain('--model', artifact.dir, '--port', '0');
    const url = await addressOf(run);
    const [child = 0] = descendantsOf(run.pid);
    process.kill(child, 'SIGKILL');
    await until(async () => !(await isAnswering(url)));
    await until(() => isAnswering(url));
    expect((await post(`${url}/predict`, { text: 'good' })).status).toBe(200);
    expect(descendantsOf(run.pid)).not.toContain(child);
  });
});

describe.runIf(hasProc)('a queue', () => {
  test.each([
    ['--max-queue-reviews', '1'],
    ['--max-queue-tokens', '2'],
  ])('of %s %s is full when one review of three tokens runs', async (option, value) => {
    const run = startMain('--model', artifact.dir, '--port', '0', option, value);
    const url = await addressOf(run);
    const [child = 0] = descendantsOf(run.pid);
    process.kill(child, 'SIGSTOP');
    const answer = post(`${url}/predict`, { text: 'good' });
    await untilRunning(url);
    expect(await post(`${url}/predict`, { text: 'good' })).toMatchObject({ status: 503, body: { code: 'QUEUE_FULL' } });
    process.kill(child, 'SIGCONT');
    expect((await answer).status).toBe(200);
  });
});

describe('SIGHUP', () => {
  test('serves what the folder holds now', async () => {
    await using folder = await writeTinyArtifact();
    const run = startMain('--model', folder.dir, '--port', '0');
    const url = await addressOf(run);
    await writeManifest(folder.dir, { ...TINY_DRAFT, version: 'another' }, tinyFiles().keys());
    run.process.kill('SIGHUP');
    await until(async () => {
      const { body } = await send(`${url}/readyz`);
      return (body as { model_version: string }).model_version === 'another';
    });
  });

  test('leaves the old model when the folder is damaged, and the log says why', async () => {
    await using folder = await writeTinyArtifact();
    const run = startMain('--model', folder.dir, '--port', '0');
    const url = await addressOf(run);
    await writeFile(join(folder.dir, 'config.json'), '{}');
    run.process.kill('SIGHUP');
    await until(() => /was refused.*/.test(run.errors()));
    expect(run.errors()).toContain('config.json: the manifest says');
    expect((await post(`${url}/predict`, { text: 'good' })).status).toBe(200);
  });

  test('reads the certificate anew', async () => {
    const fixture = (file: string): string => fileURLToPath(new URL(`fixtures/tls/${file}`, import.meta.url));
    await using folder = await writeTinyArtifact();
    const [cert, key] = [`${folder.dir}/tls.crt`, `${folder.dir}/tls.key`];
    await copyFile(fixture('one.pem'), cert);
    await copyFile(fixture('one.key'), key);
    const run = startMain('--model', artifact.dir, '--port', '0', '--tls-cert', cert, '--tls-key', key);
    expect(await addressOf(run)).toMatch(/^https:/);
    const refusals = (): number => run.errors().split('"code":"TLS_REFUSED"').length - 1;
    await copyFile(fixture('two.pem'), cert); // the key is not its own
    await until(() => refusals() === 1); // noticed without a signal
    run.process.kill('SIGHUP');
    await until(() => refusals() === 2);
    await copyFile(fixture('two.key'), key);
    run.process.kill('SIGHUP');
    await until(() => run.errors().includes('"valid_until":"2126-11-04T13:30:11.000Z"'));
    run.process.kill('SIGTERM');
    expect(await run.exit).toEqual({ code: 0, signal: null });
  });
});

/** From util-linux: runs a command in a terminal of its own. */
const SCRIPT = '/usr/bin/script';

test.runIf(hasProc && existsSync(SCRIPT))('a terminal that is closed ends the server and its children', async () => {
  const command = `${process.execPath} ${MAIN} --processes 1 --model ${artifact.dir} --port 0`;
  const terminal = start(SCRIPT, ['-q', '-c', command, '/dev/null']);
  const url = await addressOf(terminal);
  const below = descendantsOf(terminal.pid);
  expect(below.length).toBeGreaterThanOrEqual(2);
  terminal.process.kill('SIGKILL');
  await until(() => !below.some(isRunning));
  expect(await isAnswering(url)).toBe(false);
});

describe.runIf(hasProc)('under npm', () => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'marquee-npm-'));
    // A runner between npm and the server, as the repository's `npm start` has one.
    const main = [MAIN, '--processes', '1', '--model', artifact.dir, '--port', '0'];
    await writeFile(
      join(project, 'run.mjs'),
      `import { spawn } from 'node:child_process';
spawn(process.execPath, ${JSON.stringify(main)}, { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1));\n`,
    );
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: 'node run.mjs' } }));
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  test.each(['SIGTERM', 'SIGKILL'] as const)('%s of npm leaves nothing behind', async (signal) => {
    const npm = start('npm', ['start'], project);
    const url = await addressOf(npm);
    const below = descendantsOf(npm.pid);
    expect(below.length).toBeGreaterThanOrEqual(3); // the runner, the server, its child
    npm.process.kill(signal);
    await until(() => !below.some(isRunning));
    expect(await isAnswering(url)).toBe(false);
  });

  test('a server that was put into the background outlives the shell, and ends with npm', async () => {
    const shell = start('sh', ['-c', 'setsid nohup npm start & echo "npm is $!"'], project);
    await shell.exit;
    await until(() => shell.output().includes('curl'));
    const url = await addressOf(shell);
    // Twice the interval of the watch and more: that something does not happen can only be waited for.
    const endMs = performance.now() + 1200;
    await until(() => performance.now() > endMs);
    expect(await isAnswering(url)).toBe(true);
    const npm = Number(/npm is (\d+)/.exec(shell.output())?.[1]);
    const below = descendantsOf(npm);
    process.kill(npm, 'SIGTERM');
    await until(() => !below.some(isRunning));
  });
});
