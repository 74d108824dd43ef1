// Health check of the image: exits 0 when the server that the environment describes says that it is ready, else 1 with the reason.
import { get as getByHttp } from 'node:http';
import { get as getByHttps } from 'node:https';

const TIMEOUT_MS = 4_000;
const LOOPBACK_OF = /** @type {Readonly<Record<string, string>>} */ ({ '0.0.0.0': '127.0.0.1', '::': '::1' });

const { HOST = '127.0.0.1', PORT = '8000', MARQUEE_TLS_CERT } = process.env;
const get = MARQUEE_TLS_CERT ? getByHttps : getByHttp;

/** @param {string} reason */
function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}

const request = get(
  // The certificate names the service, not this address.
  { hostname: LOOPBACK_OF[HOST] ?? HOST, port: PORT, path: '/readyz', timeout: TIMEOUT_MS, rejectUnauthorized: false },
  (response) => {
    response.resume();
    if (response.statusCode !== 200) fail(`/readyz: expected 200, got ${response.statusCode}`);
  },
);
request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
request.on('error', (error) => fail(`/readyz: ${error.message}`));
