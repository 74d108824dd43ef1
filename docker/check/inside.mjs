import { evaluate } from './engine.mjs';

/** Runs in the image: what stands in it. */
export const ROOM = `
  import { accessSync, constants, readdirSync } from 'node:fs';
  import { join } from 'node:path';
  const walk = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...walk(path)] : [path];
  });
  const mayWrite = (path) => { try { accessSync(path, constants.W_OK); return true; } catch { return false; } };
  const paths = walk('/app');
  const folders = process.env.PATH.split(':').flatMap((folder) => { try { return walk(folder); } catch { return []; } });
  const TOOLS = /\\/(npm|npx|corepack|pnpm|yarn|gcc|cc|g\\+\\+|make|python3?|tsc|git|curl|wget)$/;
  console.log(JSON.stringify({
    tools: folders.filter((path) => TOOLS.test(path)),
    sources: paths.filter((path) => /\\.(ts|map|tsbuildinfo)$/.test(path)),
    runtimes: paths.filter((path) => /onnxruntime_binding\\.node$/.test(path)),
    packages: paths.filter((path) => /\\.pnpm\\/[^/]+$/.test(path)).length - 1,
    writable: ['/app', ...paths].filter(mayWrite),
  }));`;

/** Runs in a container: every process of node but itself, with its share of memory and whether it runs. */
const PROCESSES = `
  import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
  const found = readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    try {
      if (readlinkSync('/proc/' + pid + '/exe') !== process.execPath) return [];
      const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
      const pss = /^Pss:\\s+(\\d+) kB/m.exec(readFileSync('/proc/' + pid + '/smaps_rollup', 'utf8'));
      return [{ pid: Number(pid), kilobytes: Number(pss[1]), state: stat.split(') ')[1][0] }];
    } catch { return []; }
  });
  console.log(JSON.stringify(found));`;

/**
 * Sum of the proportional set sizes of the server and its children, which counts memory that they share once.
 * @param {string} id
 */
export async function memoryOf(id) {
  const processes = /** @type {{ pid: number, kilobytes: number, state: string }[]} */ (
    JSON.parse(await evaluate(id, PROCESSES))
  );
  return {
    processes: processes.length,
    running: processes.filter(({ state }) => state === 'R').length,
    megabytes: Math.round((processes.reduce((sum, { kilobytes }) => sum + kilobytes, 0) * 1024) / 1e6),
  };
}
