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

  const PREDICT = "document.querySelector('#operations-Prediction-predict')";
  const pages = [
    ['/docs', PREDICT],
    ['/redoc', "document.querySelector('#redoc h1')?.textContent.includes('Marquee')"],
  ] as const;
  const PHONE_WIDTH = 390;
  /** The operation is opened by the address; its button is pressed once its example stands there. */
  const IS_ANSWERED = `(() => {
    const operation = ${PREDICT};
    const isFilled = operation?.querySelector('textarea')?.value.includes('"text"');
    if (isFilled && !globalThis.isAsked) operation.querySelector('.execute').click();
    globalThis.isAsked ||= isFilled;
    return operation?.querySelector('.live-responses-table .response .response-col_status')?.textContent.startsWith('200');
  })()`;

  test.each(pages)('on a phone, %s is no wider than the window', async (path, isShown) => {
    const { pageWidth, complaints } = await visit(`http://127.0.0.1:${service.port}${path}`, isShown, PHONE_WIDTH);
    expect(pageWidth).toBe(PHONE_WIDTH);
    expect(complaints).toEqual([]);
  });

  test.each([1280, PHONE_WIDTH])('in a window of %d, /docs asks /predict and shows the answer', async (width) => {
    const origin = `http://127.0.0.1:${service.port}`;
    const { requests, pageWidth, complaints } = await visit(`${origin}/docs#/Prediction/predict`, IS_ANSWERED, width);
    expect(requests.filter((asked) => asked === `${origin}/predict`)).toHaveLength(1);
    expect(pageWidth).toBeLessThanOrEqual(width); // less a scroll bar
    expect(complaints).toEqual([]);
  });

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
