import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { PNPM } from './fingerprint.mjs';
import { collect } from './run-tool.mjs';

const LAST_LINES = 40;

/**
 * Installs exactly what the lockfile names. Throws with pnpm's last lines when that fails.
 * @param {string} root
 */
export async function installPackages(root) {
  const args = ['-y', PNPM, 'install', '--frozen-lockfile', '--config.confirm-modules-purge=false'];
  const { code, output } = await collect('npx', args, {
    env: installEnvironment(root),
    shell: process.platform === 'win32', // npx is a batch file there
  });
  if (code !== 0) {
    const tail = output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
    throw new Error(`installing packages failed (npx ${args.join(' ')}):\n${tail}`);
  }
}

/** @param {string} root */
function installEnvironment(root) {
  const env = { ...process.env };
  // `npm --prefix DIR run` would make npx take DIR for the place of global packages and of the global configuration.
  if (env['npm_config_prefix'] === env['npm_config_local_prefix']) {
    for (const name of ['prefix', 'global_prefix', 'globalconfig']) delete env[`npm_config_${name}`];
  }
  if (isWritable(env['npm_config_cache'] ?? join(homedir(), '.npm')) && isWritable(homedir())) return env;
  const home = join(root, '.marquee/home');
  return {
    ...env,
    npm_config_cache: join(home, 'npm'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
  };
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
