import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach } from 'vitest';

export const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));
export const PACKAGE = join(REPOSITORY, 'packages', 'model-core');
/** The model that ships. */
export const SHIPPED = join(REPOSITORY, 'artifacts', 'marquee');

/** A cascade keeps its transformer in a folder of its own. */
const TRANSFORMER_FOLDERS = [join(SHIPPED, 'members', 'transformer'), SHIPPED];

const created: string[] = [];
afterEach(async () => {
  for (const dir of created.splice(0)) await rm(dir, { recursive: true, force: true });
});

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'model-core-'));
  created.push(dir);
  return dir;
}

/** The folder of the real vocabulary of 30,522 tokens, or undefined with the reason printed. */
export function realTokenizerFolder(): string | undefined {
  const found = [...TRANSFORMER_FOLDERS, join(REPOSITORY, '..', 'shared', 'models', 'minilm')].find((dir) =>
    existsSync(join(dir, 'tokenizer.json')),
  );
  if (!found) process.stdout.write('skipped: no tokenizer.json in artifacts/marquee or ../shared/models/minilm\n');
  return found;
}

/** The shipped artifact's folder, or undefined with the reason printed. */
export function shippedArtifact(): string | undefined {
  if (existsSync(join(SHIPPED, 'manifest.json'))) return SHIPPED;
  process.stdout.write('skipped: artifacts/marquee is not there yet\n');
  return undefined;
}

/** The folder of the shipped transformer: the artifact itself, or its member of that name; undefined with the reason printed. */
export function shippedTransformer(): string | undefined {
  const found = TRANSFORMER_FOLDERS.find((dir) => existsSync(join(dir, 'manifest.json')));
  if (!found) process.stdout.write('skipped: artifacts/marquee is not there yet\n');
  return found;
}
