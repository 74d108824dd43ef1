import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TINY_DRAFT, tinyFiles } from '@marquee/fixtures';
import { writeManifest } from '@marquee/model-core';
import { expect, test } from 'vitest';
import { createKey } from './support/keys.js';
import { post, send, startTinyService, until } from './support/service.js';

test('POST /admin/reload serves what the folder holds now, and refuses what cannot be served', async () => {
  await using service = await startTinyService();
  const key = await createKey(service.keysDir, '--scopes', 'admin,predict');
  const headers = { 'X-API-Key': key };
  const reload = () => send(`${service.url}/admin/reload`, { method: 'POST', headers });
  await until(async () => (await send(`${service.url}/model/info`, { headers })).status === 200);

  await writeManifest(service.modelDir, { ...TINY_DRAFT, version: 'second' }, tinyFiles().keys());
  expect(await reload()).toMatchObject({
    status: 200,
    body: { model_path: 'artifacts/tiny', model_version: 'second' },
  });

  await writeFile(join(service.modelDir, 'config.json'), '{}');
  expect(await reload()).toMatchObject({
    status: 409,
    body: { code: 'MODEL_REFUSED', detail: expect.stringContaining('config.json') },
  });
  expect(await send(`${service.url}/model/info`, { headers })).toMatchObject({ body: { model_version: 'second' } });
});

test('POST /admin/reload is never open to anonymous clients', async () => {
  await using service = await startTinyService();
  expect(await post(`${service.url}/admin/reload`, {})).toMatchObject({ status: 401, body: { code: 'KEY_REQUIRED' } });
});
