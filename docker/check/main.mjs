import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../../scripts/root.mjs';
import { COMPOSE_CHECKS } from './compose-checks.mjs';
import { removeAll } from './container.mjs';
import { docker } from './engine.mjs';
import { IMAGE_CHECKS } from './image-checks.mjs';

/**
 * @typedef {{ image: string, base: string, name: string }} Subject the image, what it is made from, and a name for what a check makes
 *
 * @typedef {object} Check
 * @property {string} name subject and fact
 * @property {(subject: Subject) => Promise<string>} run gives a figure; throws when the fact does not hold
 */

const IMAGE = 'marquee';
const DOCKERFILE = 'docker/Dockerfile';

/** @type {Check} */
const building = {
  name: 'is built from the Dockerfile',
  async run({ image }) {
    const begun = performance.now();
    await docker('build', '--file', DOCKERFILE, '--tag', image, '.');
    return `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  },
};

/**
 * Builds the image and tries what docs/deployment.md promises of it on this machine's container engine.
 * @param {string[]} names of checks that contain one of these words; all when empty
 */
export async function checkImage(names) {
  const base = /^FROM (\S+)/m.exec(readFileSync(join(root, DOCKERFILE), 'utf8'))?.[1] ?? '';
  const subject = { image: IMAGE, base, name: `marquee-check-${process.pid}` };
  const checks = [building, ...IMAGE_CHECKS, ...COMPOSE_CHECKS];
  for (const check of checks.filter(({ name }) => names.length === 0 || names.some((word) => name.includes(word)))) {
    try {
      const figure = await check.run(subject);
      process.stdout.write(`passed  ${check.name}${figure && `: ${figure}`}\n`);
    } catch (error) {
      process.exitCode = 1;
      process.stdout.write(`FAILED  ${check.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    } finally {
      await removeAll();
    }
  }
}
