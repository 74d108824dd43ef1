import type { OptionSpecs } from './option-spec.js';
import type { RunWatch } from './tracking/record-run.js';

/** `stopRequested` answers true once the user asked for an end. */
export interface CliDependencies extends RunWatch {
  /** Folder that relative paths on the command line are meant from. */
  readonly cwd: string;
  /** The model that ships, the start of a training whose user names no other. */
  readonly shippedModel: string;
  /** The synthetic reviews that ship, trained on when the user names no others. */
  readonly sampleFile: string;
  /** Folder that keeps token ids between runs when the user names no other. */
  readonly tokenCacheDir?: string;
  /** Folder that keeps teachers' answers between runs when the user names no other. */
  readonly teacherCacheDir?: string;
  /** To stdout. */
  readonly write: (text: string) => void;
}

/** One command of the command line. */
export interface CliCommand {
  readonly description: string;
  readonly specs: OptionSpecs;
  /** Arguments of an example, after `npm run <name> -- `. */
  readonly example: string;
  /** What it takes beside options, as commander writes it: `<model>`, `[run...]`. */
  readonly operands?: readonly string[];
  /** Returns the exit code. Each option has the type that its spec says. */
  readonly run: (
    options: Readonly<Record<string, unknown>>,
    dependencies: CliDependencies,
    operands: readonly string[],
  ) => Promise<number>;
}
