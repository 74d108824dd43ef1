import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { createMlflowMirror } from '../src/mlflow/mlflow-mirror.js';
import { bytesOf, type Exchange, listen, readBody, routeOf } from './support/mlflow-exchange.js';
import { mirrorTwice } from './support/mlflow-run.js';
import { temporaryFolder } from './support/temporary-folder.js';

const ORACLE = new URL('./oracles/mlflow.json', import.meta.url);
/** Address of a server that has no experiment "movie reviews" yet. */
const RECORD_FROM = process.env['MARQUEE_RECORD_MLFLOW'];

// MARQUEE_RECORD_MLFLOW=http://127.0.0.1:5000 npx vitest run apps/trainer/test/mlflow-recording
test.runIf(RECORD_FROM)('what a real MLflow server accepts is recorded for mlflow.test.ts', async () => {
  const upstream = RECORD_FROM ?? '';
  const exchanges: Exchange[] = [];
  const proxy = createServer((request, response) => {
    void bytesOf(request).then(async (body) => {
      const type = request.headers['content-type'];
      const answer = await fetch(`${upstream}${request.url}`, {
        method: request.method ?? 'GET',
        ...(type !== undefined && { headers: { 'content-type': type }, body }),
      });
      const text = await answer.text();
      exchanges.push({
        route: routeOf(request),
        request: readBody(body.toString('utf8'), type),
        status: answer.status,
        answer: readBody(text, 'application/json'),
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
    });
  });
  const settings = { trackingUri: await listen(proxy), experimentName: 'movie reviews', timeoutMs: 5000 };
  const warnings: string[] = [];
  const dir = join(await temporaryFolder(), 'first');
  await mirrorTwice(dir, () => createMlflowMirror(settings, (warning) => warnings.push(warning)));
  proxy.close();
  expect(warnings).toEqual([]);
  const version = await (await fetch(`${upstream}/version`)).text();
  await writeFile(ORACLE, `${JSON.stringify({ mlflow: version, exchanges }, null, 2)}\n`);
});
