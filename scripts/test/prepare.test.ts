import { rmSync } from 'node:fs';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { Checkout } from './checkout.js';

let checkout: Checkout;

beforeEach(() => {
  checkout = new Checkout();
});
afterEach(() => rmSync(checkout.root, { recursive: true }));

it('a build that failed is made again, also where the sources are back at those of the last one', () => {
  checkout.writeServer("'first'");
  checkout.start();
  checkout.writeServer('2');
  expect(checkout.start()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('error TS2322') });
  checkout.writeServer("'first'");
  expect(checkout.start()).toMatchObject({ status: 0, stdout: 'first' });
});

it('an install that failed is made again, also where the lockfile is back at that of the last one', () => {
  checkout.start();
  checkout.write('pnpm-lock.yaml', 'lockfileVersion: 10');
  expect(checkout.start({ npx: 'echo disk full; exit 1' })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('disk full'),
  });
  checkout.write('pnpm-lock.yaml', 'lockfileVersion: 9');
  expect(checkout.start({ npx: 'exit 0' })).toMatchObject({
    status: 0,
    stdout: 'server',
    stderr: expect.stringMatching(/^marquee: installing packages\nmarquee: installed in \S+ s\n$/),
  });
});
