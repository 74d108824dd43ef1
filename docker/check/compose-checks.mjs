import { setTimeout as delay } from 'node:timers/promises';

import { predict, ready } from './container.mjs';
import { compose, docker, evaluate, inspect, until } from './engine.mjs';
import { expect, expectEqual } from './expect.mjs';

/** Runs in a container until its file of work is gone: the largest working set of all its processes, this one included. */
const WATCH_MEMORY = `
  import { existsSync, readFileSync } from 'node:fs';
  import { setTimeout as delay } from 'node:timers/promises';
  const [usage, stat, inactive] = existsSync('/sys/fs/cgroup/memory.current')
    ? ['/sys/fs/cgroup/memory.current', '/sys/fs/cgroup/memory.stat', /^inactive_file (\\d+)/m]
    : ['/sys/fs/cgroup/memory/memory.usage_in_bytes', '/sys/fs/cgroup/memory/memory.stat', /^total_inactive_file (\\d+)/m];
  let peak = 0;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const used = Number(readFileSync(usage, 'utf8')) - Number(inactive.exec(readFileSync(stat, 'utf8'))[1]);
    peak = Math.max(peak, used);
    await delay(50);
  }
  console.log(Math.round(peak / 1e6));`;

/**
 * Ids of the processes that hold a model: all of the server's children.
 * @param {string} id
 */
async function childrenOf(id) {
  const rows = (await docker('top', id, '-o', 'pid,ppid,args'))
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  const server = rows.find(([, , ...words]) => words[0] === 'node' && words.includes('/app/docker/start.mjs'));
  return rows.filter(([, parent]) => parent === server?.[0]).map(([pid]) => pid);
}

/**
 * Asks for predictions, one after another, until the signal comes; gives every status.
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function keepAsking(url, signal) {
  const statuses = [];
  while (!signal.aborted) statuses.push((await predict(url, 'A long and winding film, well made. '.repeat(40))).status);
  return statuses;
}

/**
 * @param {string} id
 * @param {string} url
 */
async function reloadUnderLoad(id, url) {
  const before = await childrenOf(id);
  const done = new AbortController();
  const asking = [1, 2, 3, 4].map(() => keepAsking(url, done.signal));
  const watching = evaluate(id, WATCH_MEMORY.replace('SECONDS', '30'));
  await delay(2_000);
  await docker('kill', '--signal', 'HUP', id);
  try {
    await until('other processes hold the model', 120, async () => {
      const now = await childrenOf(id);
      return now.length === before.length && now.every((pid) => !before.includes(pid)) ? true : undefined;
    });
  } finally {
    done.abort();
  }
  const statuses = (await Promise.all(asking)).flat();
  expectEqual(
    'other statuses than 200',
    statuses.filter((status) => status !== 200),
    [],
  );
  return { answers: statuses.length, peak: Number(await watching) };
}

/** @type {import('./main.mjs').Check} */
const composing = {
  name: 'comes up by compose at once, reloads inside the limits, and goes',
  async run({ name }) {
    try {
      const begun = performance.now();
      await compose(name, 'up', '--detach', '--no-build');
      const id = await compose(name, 'ps', '--quiet', 'api');
      const url = `http://${await docker('port', id, '8000/tcp')}`;
      expectEqual('published address', new URL(url).hostname, '127.0.0.1');
      await ready({ id, url });
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      expectEqual('status', (await predict(url, 'A triumph.')).status, 200);
      const { Memory, CpuQuota, CapDrop, Init, ReadonlyRootfs, RestartPolicy } = await inspect(id, '.HostConfig');
      expectEqual(
        'limits',
        { CpuQuota, CapDrop, Init, ReadonlyRootfs, restart: RestartPolicy.Name },
        {
          CpuQuota: 200_000,
          CapDrop: ['ALL'],
          Init: true,
          ReadonlyRootfs: true,
          restart: 'unless-stopped',
        },
      );
      const { answers, peak } = await reloadUnderLoad(id, url);
      expectEqual('killed for memory', await inspect(id, '.State.OOMKilled'), false);
      expectEqual('restarts', await inspect(id, '.RestartCount'), 0);
      expect(
        peak * 1e6 < Memory * 0.8,
        `working set of a reload: expected a fifth of ${Memory} bytes to spare, got ${peak} MB`,
      );
      await compose(name, 'stop');
      expectEqual('exit code', await inspect(id, '.State.ExitCode'), 0);
      return `up in ${seconds} s; ${answers} answers during a reload, at most ${peak} MB`;
    } finally {
      await compose(name, 'down', '--volumes');
    }
  },
};

export const COMPOSE_CHECKS = [composing];
