import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import type { Settings } from '../settings.js';
import { createClientErrorHandler } from './client-error.js';
import { TlsCertificate } from './tls-certificate.js';

/** How often Node looks for clients that are too slow with their headers. */
const CONNECTIONS_CHECK_MS = 1_000;
/** Node's own limit for a whole request ends what ours, which answers better, has missed. */
const REQUEST_SLACK_MS = 10_000;
/** Nothing moves on a connection for so long beyond the deadline when its client does not read. */
const IDLE_SLACK_MS = 60_000;

export type HttpServerSettings = Pick<
  Settings,
  'tlsCert' | 'tlsKey' | 'headersTimeoutMs' | 'bodyTimeoutMs' | 'keepAliveTimeoutMs' | 'requestTimeoutMs'
>;

export interface ListeningServer {
  readonly server: Server;
  /** Undefined for plain HTTP. Closed by the caller. */
  readonly certificate: TlsCertificate | undefined;
}

/** An HTTP or HTTPS server that does not wait for slow clients. Throws StartError INVALID_SETTINGS for wrong TLS files. */
export function createListeningServer(
  settings: HttpServerSettings,
  log: Log,
  listener: RequestListener,
): ListeningServer {
  const certificate = openCertificate(settings, log);
  const options = {
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.headersTimeoutMs + settings.bodyTimeoutMs + REQUEST_SLACK_MS,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    requireHostHeader: false, // it is required, but Node would refuse its absence without a word
    connectionsCheckingInterval: Math.min(CONNECTIONS_CHECK_MS, settings.headersTimeoutMs),
  };
  const server =
    certificate === undefined
      ? createHttpServer(options, listener)
      : createSecureServer(certificate, { ...options, handshakeTimeout: settings.headersTimeoutMs }, listener);
  server.setTimeout(settings.requestTimeoutMs + IDLE_SLACK_MS);
  // Who waits for 100 Continue is told so when the body is wanted, and spared sending one that is refused.
  server.on('checkContinue', listener);
  // What else is expected may be ignored (RFC 9110, 10.1.1); Node would refuse it without a word.
  server.on('checkExpectation', listener);
  server.on('clientError', createClientErrorHandler(log));
  return { server, certificate };
}

function openCertificate({ tlsCert, tlsKey }: HttpServerSettings, log: Log): TlsCertificate | undefined {
  return tlsCert === undefined || tlsKey === undefined ? undefined : new TlsCertificate({ tlsCert, tlsKey }, log);
}

function createSecureServer(certificate: TlsCertificate, options: ServerOptions, listener: RequestListener): Server {
  const server = createHttpsServer({ ...options, ...certificate.files }, listener);
  // Before the handshake is over there is nobody to be answered.
  server.prependListener('tlsClientError', (_error, socket) => socket.destroy());
  certificate.follow(server);
  return server;
}

/** Resolves with the port. Throws StartError ADDRESS_UNAVAILABLE. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(toStartError(cause, port, host)));
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port; // an address of a listening TCP server
}

function toStartError(cause: NodeJS.ErrnoException, port: number, host: string): StartError {
  const explanations: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken: stop the program that uses it, or set PORT to another one.`,
    EACCES: `Port ${port} on ${host} may not be used by this user: set PORT to one above 1023.`,
    EADDRNOTAVAIL: `${host} is no address of this machine: set HOST to one that is, such as 127.0.0.1.`,
    ENOTFOUND: `${host} is no address of this machine: set HOST to one that is, such as 127.0.0.1.`,
  };
  const message = explanations[cause.code ?? ''] ?? `Cannot listen on ${host} port ${port}: ${cause.message}`;
  return new StartError('ADDRESS_UNAVAILABLE', message, { cause });
}
