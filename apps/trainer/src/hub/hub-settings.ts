import { join } from 'node:path';

/** Which hub models are downloaded from, and where they are kept. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The folder that holds `models--<name>`, shared with Hugging Face's own tools. */
  readonly cacheDir: string;
  /** Take what the cache has, and ask nobody. */
  readonly offline: boolean;
  /** For models that are not public. */
  readonly token?: string;
  /** Where `hf auth login` leaves one, for when none is given here. Unset where none is to be sent. */
  readonly tokenPath?: string;
}

const PUBLIC_HUB = 'https://huggingface.co';

/**
 * Reads the variables of Hugging Face's libraries: HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_HUB_OFFLINE, HF_TOKEN, HF_TOKEN_PATH,
 * HF_HUB_DISABLE_IMPLICIT_TOKEN. `userCache` is the user's folder for caches.
 */
export function readHubSettings(env: Readonly<Record<string, string | undefined>>, userCache: string): HubSettings {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const isOn = (name: string): boolean => /^(1|on|yes|true)$/i.test(given(name) ?? '');
  const home = given('HF_HOME') ?? join(userCache, 'huggingface');
  const token = given('HF_TOKEN');
  const tokenPath = given('HF_TOKEN_PATH') ?? join(home, 'token');
  return {
    endpoint: (given('HF_ENDPOINT') ?? PUBLIC_HUB).replace(/\/+$/, ''),
    cacheDir: given('HF_HUB_CACHE') ?? join(home, 'hub'),
    offline: isOn('HF_HUB_OFFLINE'),
    ...(!isOn('HF_HUB_DISABLE_IMPLICIT_TOKEN') && { tokenPath, ...(token !== undefined && { token }) }),
  };
}
