import { FileWatch } from '../lifecycle/file-watch.js';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import { listKeyFiles, readKeyFiles, unreadableKeys } from './key-files.js';
import { stateOfKey } from './key-record.js';
import type { KeyRecord } from './key-record.js';
import { idOfToken, isTokenOf } from './key-token.js';

export interface KeyRingOptions {
  readonly dir: string;
  readonly log: Log;
  /** The directory is looked at this often even where the system tells nothing of changes. Default 2 s. */
  readonly pollIntervalMs?: number;
}

/** Compared with where there is no such key, so that this takes as long. */
const NO_HASH = '0'.repeat(64);

/** The keys of a directory as they are now: changes are noticed while it is open. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #files: FileWatch;
  #records: ReadonlyMap<string, KeyRecord> = new Map();
  #everHeldKeys = false;
  #isOpen = false;

  private constructor(options: KeyRingOptions) {
    const { dir, log } = options;
    this.#options = options;
    this.#files = new FileWatch({
      ...options,
      folders: [dir],
      list: () => listKeyFiles(dir),
      read: () => this.#read(),
      onError: (err) => log.error({ err }, 'the key directory could not be read: the keys stay as they were'),
    });
  }

  /** Reads the keys. Throws StartError KEYS_UNUSABLE when the directory cannot be read, or a file in it is no key. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const { dir } = options;
    const ring = new KeyRing(options);
    try {
      await ring.#files.look();
      return ring;
    } catch (cause) {
      ring.close();
      if (cause instanceof StartError) throw cause;
      throw unreadableKeys(dir, cause);
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
  refresh(): Promise<void> {
    return this.#files.refresh();
  }

  close(): void {
    this.#files.close();
  }

  async #read(): Promise<void> {
    const { dir, log } = this.#options;
    const { records, broken } = await readKeyFiles(dir);
    const [first] = broken;
    if (!this.#isOpen && first !== undefined) {
      throw new StartError('KEYS_UNUSABLE', `${dir}: ${first.file} must be a key, but ${first.reason}.`);
    }
    if (this.#isOpen) log.info({ keys: records.length }, 'the keys were read anew');
    for (const { file, reason } of broken) {
      log.error({ file, reason }, 'a file of the key directory is no key: it opens nothing');
    }
    this.#records = new Map(records.map((record) => [record.id, record]));
    this.#everHeldKeys ||= records.length + broken.length > 0;
    this.#isOpen = true;
  }
}
