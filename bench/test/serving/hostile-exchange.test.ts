import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sendHostile } from '../../src/serving/hostile-exchange.js';

describe('sendHostile', () => {
  const server = createServer((request, response) => {
    if (request.url === '/cut') request.socket.destroy();
    else response.writeHead(413, { Connection: 'close' }).end();
  });
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  it('stops sending a body without an end when it is answered', async () => {
    const endless = {
      name: 'endless',
      head: ['POST / HTTP/1.1', 'Transfer-Encoding: chunked'],
      body: function* () {
        for (;;) yield Buffer.from('1\r\na\r\n');
      },
    };
    expect((await sendHostile(port, endless, 60_000)).status).toBe(413);
  });

  it('gives 0 when the connection ends without an answer', async () => {
    const request = { name: 'cut', head: ['GET /cut HTTP/1.1'], body: () => [] };
    expect(await sendHostile(port, request, 60_000)).toMatchObject({ status: 0, sentBytes: 0 });
  });
});
