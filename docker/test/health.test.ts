import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { afterEach, expect, it } from 'vitest';

const HEALTH = fileURLToPath(new URL('../health.mjs', import.meta.url));

let status = 200;
const server = createServer(({ url }, response) => void response.writeHead(url === '/readyz' ? status : 404).end());

afterEach(() => server.close());

async function listen(): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function checkHealth(env: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [HEALTH], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [[code], stderr] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  return { code: code as number, stderr };
}

it('is well where the server that listens on every address is ready', async () => {
  status = 200;
  expect(await checkHealth({ HOST: '0.0.0.0', PORT: String(await listen()) })).toEqual({ code: 0, stderr: '' });
});

it('is ill where the server is not ready, and says so', async () => {
  status = 503;
  const port = String(await listen());
  expect(await checkHealth({ PORT: port })).toEqual({ code: 1, stderr: '/readyz: expected 200, got 503\n' });
});

it('is ill where nobody listens, and says so', async () => {
  const port = String(await listen());
  server.close();
  const { code, stderr } = await checkHealth({ PORT: port });
  expect(code).toBe(1);
  expect(stderr).toContain('ECONNREFUSED');
});
