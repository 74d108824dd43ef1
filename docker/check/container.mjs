import { docker, inspect, run, until } from './engine.mjs';

/** For everything that needs no more than the engine of an overloaded machine to be slow. */
const PATIENCE_S = 120;

/** What compose.yaml and the manifests ask for as well. */
export const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
export const ANONYMOUS = ['--env', 'MARQUEE_ALLOW_ANONYMOUS=true'];

/** @typedef {{ id: string, url: string }} Service */

/** @type {Set<string>} */
const started = new Set();

/**
 * Starts a container on a free port of this machine's loopback address.
 * @param {string} image
 * @param {readonly string[]} options of `docker run`
 * @returns its id
 */
export async function start(image, ...options) {
  const id = await docker('run', '--detach', '--publish', '127.0.0.1::8000', ...options, image);
  started.add(id);
  return id;
}

/**
 * Starts a container and waits until it is ready.
 * @param {string} image
 * @param {readonly string[]} options of `docker run`
 * @returns {Promise<Service>}
 */
export async function serve(image, ...options) {
  const id = await start(image, ...options);
  const service = { id, url: `http://${await docker('port', id, '8000/tcp')}` };
  await ready(service);
  return service;
}

/**
 * Waits for the end of a container that refuses to serve.
 * @param {string} id
 * @returns what it said
 */
export async function refusalOf(id) {
  const code = await docker('wait', id);
  if (code === '0') throw new Error('expected another exit code than 0');
  return (await run('docker', ['logs', id])).stderr.trim();
}

/** @param {Service} service */
export async function ready({ id, url }) {
  await until(`ready at ${url}`, PATIENCE_S, async () => {
    if ((await inspect(id, '.State.Status')) === 'exited') return 'exited';
    return (await fetch(`${url}/readyz`)).ok ? 'ready' : undefined;
  }).then(async (state) => {
    if (state === 'exited') throw new Error(`the container ended:\n${await docker('logs', id)}`);
  });
}

/** Ends the containers that this process started. */
export async function removeAll() {
  for (const id of started) await docker('rm', '--force', '--volumes', id);
  started.clear();
}

/**
 * @param {string} url of the service
 * @param {string} text
 * @param {Readonly<Record<string, string>>} headers
 */
export function predict(url, text, headers = {}) {
  return post(`${url}/predict`, { text }, headers);
}

/**
 * @param {string} url
 * @param {object} body
 * @param {Readonly<Record<string, string>>} headers
 * @returns {Promise<{ status: number, body: any }>}
 */
export async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
