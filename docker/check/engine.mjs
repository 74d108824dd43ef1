import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

import { root } from '../../scripts/root.mjs';

const POLL_MS = 100;

/**
 * Runs a program to its end, whatever its exit code.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export function run(program, args) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: root, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(new Error(`${program} ${args[0]}: ${error.message}`));
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/**
 * Runs `docker` and gives what it printed. Throws with its errors when it fails.
 * @param {readonly string[]} args
 */
export async function docker(...args) {
  const { code, stdout, stderr } = await run('docker', args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`.trimEnd());
  return stdout.trim();
}

/**
 * Runs Compose on the repository's file: the plugin where there is one, else the program that came before it.
 * @param {string} project
 * @param {readonly string[]} args
 */
export async function compose(project, ...args) {
  const hasPlugin = (await run('docker', ['compose', 'version'])).code === 0;
  const [program, first] = hasPlugin ? ['docker', ['compose']] : ['docker-compose', []];
  const { code, stdout, stderr } = await run(program, [...first, '--project-name', project, ...args]);
  if (code !== 0) throw new Error(`compose ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`.trimEnd());
  return stdout.trim();
}

/**
 * @param {string} id of a container or an image
 * @param {string} format Go template, of which JSON is parsed
 */
export async function inspect(id, format) {
  return JSON.parse(await docker('inspect', '--format', `{{json ${format}}}`, id));
}

/**
 * Runs a program of JavaScript in a container and gives what it printed.
 * @param {string} id
 * @param {string} program
 */
export function evaluate(id, program) {
  return docker('exec', id, 'node', '--input-type=module', '--eval', program);
}

/**
 * Asks until the answer is one. Throws when `seconds` have passed, with what the last failure was.
 * @template Answer
 * @param {string} what
 * @param {number} seconds
 * @param {() => Promise<Answer | undefined>} ask
 * @returns {Promise<Answer>}
 */
export async function until(what, seconds, ask) {
  const deadline = performance.now() + seconds * 1000;
  let failure = '';
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      failure = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    await delay(POLL_MS);
  }
  throw new Error(`${what}: not within ${seconds} s${failure}`);
}
