import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, visit } from './support/chromium.js';
import { startTinyService } from './support/service.js';
import type { TinyService } from './support/service.js';

if (CHROMIUM === undefined) process.stderr.write('pages.test.ts: no chromium here, so what needs one is skipped\n');

const outside = Object.values(networkInterfaces())
  .flat()
  .find((face) => face?.internal === false && face.family === 'IPv4')?.address;

describe.runIf(CHROMIUM)('the documents in Chromium', () => {
  let service: TinyService;
  beforeAll(async () => {
    service = await startTinyService({}, undefined, ['--allow-anonymous', 'true'], '0.0.0.0');
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const pages = [
    ['/docs', "document.querySelector('#operations-Prediction-predict')"],
    ['/redoc', "document.querySelector('#redoc h1')?.textContent.includes('Marquee')"],
  ] as const;
  const hosts = ['127.0.0.1', 'localhost', ...(outside === undefined ? [] : [outside])];

  test.each(hosts.flatMap((host) => pages.map(([path, isShown]) => [host, path, isShown] as const)))(
    'by %s, %s is shown, asks nobody else, and nothing is refused',
    async (host, path, isShown) => {
      const origin = `http://${host}:${service.port}`;
      const { requests, complaints } = await visit(origin + path, isShown);
      expect(requests).toContain(`${origin}/openapi.json`);
      expect(requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );
});
