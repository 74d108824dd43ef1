/** Processes that died one after the other, with no request answered in between, are a crash loop. */
const DEATHS_OF_A_LOOP = 5;

export interface CrashLoopOptions {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How long a loop may last before it is hopeless. */
  readonly hopelessAfterMs: number;
  readonly onHopeless: () => void;
}

/** Counts deaths in a row, says how long to wait before the next try, and when trying on is of no use. */
export class CrashLoop {
  readonly #options: CrashLoopOptions;
  #deaths = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CrashLoopOptions) {
    this.#options = options;
  }

  get isLooping(): boolean {
    return this.#deaths >= DEATHS_OF_A_LOOP;
  }

  /** Wait before the process that died is replaced: doubles with each death in a row. */
  onDeath(): number {
    const { minBackoffMs, maxBackoffMs, hopelessAfterMs, onHopeless } = this.#options;
    const backoffMs = Math.min(minBackoffMs * 2 ** this.#deaths, maxBackoffMs);
    this.#deaths++;
    if (this.isLooping) this.#timer ??= setTimeout(onHopeless, hopelessAfterMs);
    return backoffMs;
  }

  /** A request was answered. To have loaded, answered the golden inputs or stood idle is no sign: a process may do so and die over each request. */
  onAnswer(): void {
    this.#deaths = 0;
    this.close();
  }

  /** Nobody is told any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
