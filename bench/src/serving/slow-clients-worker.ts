// A process of clients that send a request a byte at a time, and come again when the server has had enough of them.
import { connect, type Socket } from 'node:net';

import { workerRequest } from '../child-process.js';

export interface SlowClientsRequest {
  readonly port: number;
  readonly clients: number;
}

const INTERVAL_MS = 1000;
const BODY_BYTES = 1000;

const { port, clients } = workerRequest() as SlowClientsRequest;
const head = `POST /predict HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
/** Half of them are slow with their headers, half with their body. */
const startOf = (number: number): string => (number % 2 === 0 ? '' : head);
const restOf = (number: number): string => `${number % 2 === 0 ? head : ''}{"text": "${'a'.repeat(BODY_BYTES)}`;

interface SlowClient {
  socket: Socket;
  sent: number;
}

const slow: SlowClient[] = [];
let connected = 0;

function open(number: number): void {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(startOf(number));
    connected += 1;
    if (connected === clients) process.send?.({ ready: true });
  });
  socket.on('error', () => undefined);
  socket.resume();
  slow[number] = { socket, sent: 0 };
}

for (let number = 0; number < clients; number += 1) open(number);
setInterval(() => {
  for (const [number, client] of slow.entries()) {
    if (client.socket.destroyed || client.socket.writableEnded) open(number);
    else if (!client.socket.connecting) client.socket.write(restOf(number).slice(client.sent, (client.sent += 1)));
  }
}, INTERVAL_MS);
process.on('disconnect', () => process.exit(0));
