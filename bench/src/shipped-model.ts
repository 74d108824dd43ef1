import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { memberFolder } from '@marquee/model-core';

/** Folder of the model that ships, which may not be there. */
export const SHIPPED_MODEL = fileURLToPath(new URL('../../artifacts/marquee', import.meta.url));

/** Folder of the shipped transformer: the model itself, or the member of that name; undefined where neither is there. */
export const SHIPPED_TRANSFORMER = [join(SHIPPED_MODEL, memberFolder('transformer')), SHIPPED_MODEL].find((dir) =>
  existsSync(join(dir, 'tokenizer.json')),
);
