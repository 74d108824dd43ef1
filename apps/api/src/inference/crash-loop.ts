/** Processes that died one after the other, with no answer in between, are a crash loop. */
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

  /** A process answered, or has stood for a while. */
  onLife(): void {
    this.#deaths = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
