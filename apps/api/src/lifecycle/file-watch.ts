import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.js';

export interface FileWatchOptions {
  /** Where the system is asked to tell of changes. */
  readonly folders: readonly string[];
  /** Paths of the files that there are now; one that is not there is as good as another. */
  readonly list: () => Promise<readonly string[]>;
  /** Reads the files: at the first look, and when they have changed since the last read that did not throw. */
  readonly read: () => Promise<void>;
  /** Told what `list` or `read` threw in a look that nobody asked for. */
  readonly onError: (error: unknown) => void;
  readonly log: Log;
  /** The files are looked at this often even where the system tells nothing of changes. Default 2 s. */
  readonly pollIntervalMs?: number;
  /** Files that belong together are written one after the other: they are read once they have stayed the same for so long. Default 0. */
  readonly settleMs?: number;
}

const DEFAULTS = { pollIntervalMs: 2_000, settleMs: 0 };

interface FolderWatcher {
  readonly watcher: FSWatcher;
  readonly inode: bigint;
}

/** Notices when files come, go, are written, renamed or replaced, also by symbolic links that are swapped, and reads them then. */
export class FileWatch {
  readonly #options: Required<FileWatchOptions>;
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new AbortController();
  readonly #watchers = new Map<string, FolderWatcher>();
  #fingerprint: string | undefined;
  #lastLook: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;

  constructor(options: FileWatchOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#timer = setInterval(() => void this.refresh(), this.#options.pollIntervalMs);
    this.#timer.unref();
  }

  /** Looks after the look in progress, once for all who ask. Throws what `list` and `read` throw. */
  async look(): Promise<void> {
    this.#nextLook ??= this.#lastLook.then(() => {
      this.#nextLook = undefined;
      return this.#look();
    });
    this.#lastLook = this.#nextLook.catch(() => {});
    return this.#nextLook;
  }

  /** The same, which tells `onError`. */
  async refresh(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onError(error);
    }
  }

  close(): void {
    this.#closing.abort();
    clearInterval(this.#timer);
    for (const { watcher } of this.#watchers.values()) watcher.close();
  }

  async #look(): Promise<void> {
    for (const folder of this.#options.folders) await this.#follow(folder);
    const fingerprint = await this.#settledFingerprint();
    if (this.#closing.signal.aborted || fingerprint === this.#fingerprint) return;
    await this.#options.read();
    this.#fingerprint = fingerprint;
  }

  async #settledFingerprint(): Promise<string> {
    const { list, settleMs } = this.#options;
    let fingerprint = await fingerprintOf(await list());
    while (settleMs > 0 && fingerprint !== this.#fingerprint) {
      await delay(settleMs, undefined, { signal: this.#closing.signal, ref: false });
      const later = await fingerprintOf(await list());
      if (later === fingerprint) break;
      fingerprint = later;
    }
    return fingerprint;
  }

  /** Watches the folder that has this name now: another one, when a symbolic link was swapped. */
  async #follow(folder: string): Promise<void> {
    const inode = (await stat(folder, { bigint: true }).catch(() => undefined))?.ino;
    const known = this.#watchers.get(folder);
    if (inode === known?.inode) return;
    known?.watcher.close();
    this.#watchers.delete(folder);
    if (inode === undefined || this.#closing.signal.aborted) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => void this.refresh());
      watcher.on('error', () => watcher.close()); // the poll goes on
      this.#watchers.set(folder, { watcher, inode });
    } catch (err) {
      this.#options.log.debug({ err, folder }, 'a folder cannot be watched: it is looked at every so often');
    }
  }
}

/** Changes whenever a file comes, goes, is written or replaced, or may be read by others, also behind a symbolic link. */
async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    parts.push(`${path} ${found?.dev}:${found?.ino} ${found?.ctimeNs} ${found?.size}`);
  }
  return parts.join('\n');
}
