import { readFile } from 'node:fs/promises';

import { TrainerError } from '../trainer-error.js';
import type { HubSettings } from './hub-settings.js';

/**
 * The token that was given, or the one that `hf auth login` left, as huggingface_hub resolves them. Throws `INVALID_OPTION` for one that no header can carry,
 * without its text.
 */
export async function readHubToken({ token, tokenPath }: HubSettings): Promise<string | undefined> {
  const given = cleanToken(token, 'HF_TOKEN');
  if (given !== undefined || tokenPath === undefined) return given;
  return cleanToken(await readFile(tokenPath, 'utf8').catch(() => undefined), tokenPath);
}

function cleanToken(text: string | undefined, source: string): string | undefined {
  const token = text?.replaceAll(/[\r\n]/g, '').trim() ?? '';
  if (token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new TrainerError('INVALID_OPTION', `${source}: expected a token of printable ASCII characters, got others`);
}
