import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import { fingerprintOfKeyFiles, readKeyFiles } from './key-files.js';
import { stateOfKey } from './key-record.js';
import type { KeyRecord } from './key-record.js';
import { idOfToken, isTokenOf } from './key-token.js';

export interface KeyRingOptions {
  readonly dir: string;
  readonly log: Log;
  /** The directory is looked at this often even where the system tells nothing of changes. Default 2 s. */
  readonly pollIntervalMs?: number;
}

const POLL_INTERVAL_MS = 2_000;

/** Compared with where there is no such key, so that this takes as long. */
const NO_HASH = '0'.repeat(64);

/** The keys of a directory as they are now: changes are noticed while it is open. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #timer: NodeJS.Timeout;
  #records: ReadonlyMap<string, KeyRecord> = new Map();
  #everHeldKeys = false;
  #fingerprint: string | undefined;
  #watcher: { readonly watch: FSWatcher; readonly folder: bigint } | undefined;
  #reading: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.refresh(), options.pollIntervalMs ?? POLL_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Reads the keys. Throws StartError KEYS_UNUSABLE when the directory cannot be read, or a file in it is no key. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const { dir } = options;
    const ring = new KeyRing(options);
    try {
      const [broken] = await ring.#read();
      if (broken === undefined) return ring;
      throw new StartError('KEYS_UNUSABLE', `${dir}: ${broken.file} must be a key, but ${broken.reason}.`);
    } catch (cause) {
      ring.close();
      if (cause instanceof StartError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError('KEYS_UNUSABLE', `${dir} must be a folder of keys that can be read, but ${reason}.`, {
        cause,
      });
    }
  }

  /** True from the first key on, whatever becomes of it: what was locked once is not opened by a key that is taken away. */
  get everHeldKeys(): boolean {
    return this.#everHeldKeys;
  }

  /** The key that was presented, when there is one like it that is neither revoked nor expired. */
  find(token: string): KeyRecord | undefined {
    const id = idOfToken(token);
    const record = id === undefined ? undefined : this.#records.get(id);
    const isRight = isTokenOf(record?.sha256 ?? NO_HASH, token);
    return record !== undefined && isRight && stateOfKey(record, Date.now()) === 'active' ? record : undefined;
  }

  /** Looks at the directory now. What cannot be read is logged, and the keys stay as they are. */
  async refresh(): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      try {
        for (const { file, reason } of await this.#read()) {
          this.#options.log.error({ file, reason }, 'a file of the key directory is no key: it opens nothing');
        }
      } catch (err) {
        this.#options.log.error({ err }, 'the key directory could not be read: the keys stay as they were');
      }
    });
    return this.#reading;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#watcher?.watch.close();
  }

  /** Returns the files that are new or changed and are no keys. */
  async #read(): Promise<readonly { readonly file: string; readonly reason: string }[]> {
    const { dir, log } = this.#options;
    await this.#watch();
    const fingerprint = await fingerprintOfKeyFiles(dir);
    if (this.#isClosed || fingerprint === this.#fingerprint) return [];
    const { records, broken } = await readKeyFiles(dir);
    if (this.#fingerprint !== undefined) log.info({ keys: records.length }, 'the keys were read anew');
    this.#records = new Map(records.map((record) => [record.id, record]));
    this.#everHeldKeys ||= fingerprint !== '';
    this.#fingerprint = fingerprint;
    return broken;
  }

  /** Follows the directory when another one took its name, as when a symbolic link is swapped. */
  async #watch(): Promise<void> {
    const { dir, log } = this.#options;
    const folder = (await stat(dir, { bigint: true }).catch(() => undefined))?.ino;
    if (folder === this.#watcher?.folder) return;
    this.#watcher?.watch.close();
    this.#watcher = undefined;
    if (folder === undefined || this.#isClosed) return;
    try {
      const watcher = watch(dir, { persistent: false }, () => void this.refresh());
      watcher.on('error', () => watcher.close()); // the poll goes on
      this.#watcher = { watch: watcher, folder };
    } catch (err) {
      log.debug({ err }, 'the key directory cannot be watched: it is looked at every so often');
    }
  }
}
