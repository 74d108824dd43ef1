import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { StartError } from '../lifecycle/start-error.js';

/** Where certificate and key are. */
export interface TlsPaths {
  readonly tlsCert: string;
  readonly tlsKey: string;
}

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads certificate and key, and tries them. Throws StartError INVALID_SETTINGS. */
export function readTlsFiles({ tlsCert, tlsKey }: TlsPaths): TlsFiles {
  const cert = readPem('MARQUEE_TLS_CERT', tlsCert, 'a certificate chain', (pem) => ({ cert: pem }));
  const key = readPem('MARQUEE_TLS_KEY', tlsKey, 'a private key without a passphrase', (pem) => ({ key: pem }));
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const message = `MARQUEE_TLS_KEY must be the key of the certificate ${tlsCert}, got the key of another one in ${tlsKey}.`;
    throw new StartError('INVALID_SETTINGS', message, { cause });
  }
  return { cert, key };
}

function readPem(variable: string, path: string, what: string, toOptions: (pem: Buffer) => object): Buffer {
  try {
    const pem = readFileSync(path);
    createSecureContext(toOptions(pem));
    return pem;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError('INVALID_SETTINGS', `${variable} must be a PEM file with ${what}, but ${path}: ${reason}.`, {
      cause,
    });
  }
}
