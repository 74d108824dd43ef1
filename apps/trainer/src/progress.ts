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

export interface CountProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly secondsLeft: number;
}

export interface Progress {
  step(progress: StepProgress): void;
  count(progress: CountProgress): void;
  /** A line of its own, above the bar. */
  say(line: string): void;
  done(): void;
}

const MS_BETWEEN_LINES = 30_000;
const MS_BETWEEN_DRAWINGS = 100;
const BAR_WIDTH = 16;

export function createProgress(stream: ProgressStream, now: () => number = () => performance.now()): Progress {
  let lastLine = -Infinity;
  let lastDrawn = -Infinity;
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) stream.write('\r\x1b[2K');
    isDrawn = false;
  };
  const draw = (done: number, total: number, text: string, isEndShown: boolean): void => {
    const time = now();
    if (stream.isTTY) {
      if (done < total && time - lastDrawn < MS_BETWEEN_DRAWINGS) return;
      stream.write(`\r\x1b[2K${`${bar(done / total)} ${text}`.slice(0, (stream.columns ?? 80) - 1)}`);
      isDrawn = true;
      lastDrawn = time;
    } else if ((isEndShown && done === total) || time - lastLine >= MS_BETWEEN_LINES) {
      stream.write(`${text}\n`);
      lastLine = time;
    }
  };
  return {
    step: ({ step, totalSteps, loss, tokensPerSecond, secondsLeft }) => {
      const pace = `${Math.round(tokensPerSecond)} tokens/s`;
      const text = `step ${step}/${totalSteps}  loss ${loss.toFixed(4)}  ${pace}  ${formatSeconds(secondsLeft)} left`;
      draw(step, totalSteps, text, true);
    },
    count: ({ done, total, unit, secondsLeft }) =>
      draw(done, total, `${done}/${total} ${unit}  ${formatSeconds(secondsLeft)} left`, false),
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    done: clear,
  };
}

function bar(part: number): string {
  const filled = Math.round(BAR_WIDTH * part);
  return `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`;
}

export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
