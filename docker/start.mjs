// Entry of the image: the server with the options that follow, or `keys …`. Chooses the model, and leaves everything else to them.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a model is mounted, as such a folder or in one named as the training command's. */
const MOUNTED_MODELS = fileURLToPath(new URL('../models', import.meta.url));
const MODEL_FOLDERS = [MOUNTED_MODELS, join(MOUNTED_MODELS, 'final_model')];

const MAIN = '../apps/api/dist/main.js';

/** The mounted model, or undefined for the one that ships. Says what is wrong with a mounted folder that holds none, and exits. */
function findMountedModel() {
  const found = MODEL_FOLDERS.find((folder) => existsSync(join(folder, 'manifest.json')));
  if (found !== undefined || !existsSync(MOUNTED_MODELS) || readdirSync(MOUNTED_MODELS).length === 0) return found;
  const places = MODEL_FOLDERS.map((folder) => join(folder, 'manifest.json')).join(' or ');
  process.stderr.write(`marquee: ${MOUNTED_MODELS} must hold a model, expected ${places}: see npm run train\n`);
  process.exit(1);
}

/** An empty variable counts as none, as the server has it. */
const isNamed = Boolean(process.env['MARQUEE_MODEL']) || process.argv.some((word) => /^--model(?:=|$)/.test(word));

if (process.argv[2] !== 'keys' && !isNamed) {
  const mounted = findMountedModel();
  if (mounted !== undefined) process.env['MARQUEE_MODEL'] = mounted;
}
await import(MAIN);
