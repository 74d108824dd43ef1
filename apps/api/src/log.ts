import pino from 'pino';

/** What is known of an event, in snake_case. Never a key, never the text of a review, never a query string. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One line of JSON an event. An error goes in as the field `err`. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Takes whole lines. */
  readonly destination: { write(line: string): void };
}

/** JSON lines by pino: `level` in words, `time` in RFC 3339, `msg`, and the fields. */
export function createLog({ level, destination }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
