import { X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import type { Server } from 'node:tls';
import { FileWatch } from '../lifecycle/file-watch.js';
import type { Log } from '../log.js';
import { readTlsFiles } from './tls.js';
import type { TlsFiles, TlsPaths } from './tls.js';

/** Who renews a certificate writes two files: half of them is waited for, not refused. */
const SETTLE_MS = 500;

/** The certificate of a server: what its files hold now, as long as that can be served. */
export class TlsCertificate {
  readonly #paths: TlsPaths;
  readonly #log: Log;
  #files: TlsFiles;
  #server: Server | undefined;
  #watch: FileWatch | undefined;

  /** Throws StartError INVALID_SETTINGS. */
  constructor(paths: TlsPaths, log: Log) {
    this.#paths = paths;
    this.#log = log;
    this.#files = readTlsFiles(paths);
  }

  get files(): TlsFiles {
    return this.#files;
  }

  /** When clients begin to refuse it. */
  get validUntil(): Date {
    return new Date(new X509Certificate(this.#files.cert).validTo);
  }

  /** From now on new connections to the server see what the files hold; those that are open keep what they have. */
  follow(server: Server): void {
    const { tlsCert, tlsKey } = this.#paths;
    this.#server = server;
    this.#watch = new FileWatch({
      folders: [...new Set([dirname(tlsCert), dirname(tlsKey)])],
      list: () => Promise.resolve([tlsCert, tlsKey]),
      read: async () => this.renew(),
      onError: (err) => this.#log.error({ err }, 'the files of the certificate could not be watched'),
      log: this.#log,
      settleMs: SETTLE_MS,
    });
    void this.#watch.refresh();
  }

  /** Reads the files now. What cannot be served is logged, and the certificate before goes on. */
  renew(): void {
    try {
      const files = readTlsFiles(this.#paths);
      if (files.cert.equals(this.#files.cert) && files.key.equals(this.#files.key)) return;
      this.#server?.setSecureContext(files);
      this.#files = files;
      this.#log.info({ valid_until: this.validUntil.toISOString() }, 'the certificate was read anew');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error({ code: 'TLS_REFUSED', reason }, 'the certificate was refused, the one before goes on');
    }
  }

  close(): void {
    this.#watch?.close();
  }
}
