/** Where progress goes: a terminal gets one line drawn over, anything else a line now and then. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface StepProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export interface Progress {
  step(progress: StepProgress): void;
  /** A line of its own, above the bar. */
  say(line: string): void;
  done(): void;
}

const SECONDS_BETWEEN_LINES = 30;
const BAR_WIDTH = 24;

export function createProgress(stream: ProgressStream, now: () => number = () => performance.now()): Progress {
  let lastLine = -Infinity;
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) stream.write('\r\x1b[2K');
    isDrawn = false;
  };
  return {
    step(progress) {
      const isLast = progress.step === progress.totalSteps;
      if (stream.isTTY) {
        stream.write(`\r\x1b[2K${describe(progress, true).slice(0, (stream.columns ?? 80) - 1)}`);
        isDrawn = true;
      } else if (isLast || now() - lastLine >= SECONDS_BETWEEN_LINES * 1000) {
        stream.write(`${describe(progress, false)}\n`);
        lastLine = now();
      }
    },
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    done: clear,
  };
}

function describe({ step, totalSteps, loss, tokensPerSecond, secondsLeft }: StepProgress, withBar: boolean): string {
  const filled = Math.round((BAR_WIDTH * step) / totalSteps);
  const bar = withBar ? `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ` : '';
  return `${bar}step ${step}/${totalSteps}  loss ${loss.toFixed(4)}  ${Math.round(tokensPerSecond)} tokens/s  ${formatSeconds(secondsLeft)} left`;
}

export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
