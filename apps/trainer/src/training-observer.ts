import type { TransformerManifest } from './artifact-writer.js';
import type { FinishedTraining } from './finish-training.js';
import type { DataPart } from './prepare-data.js';
import type { Training } from './prepare-training.js';
import type { RunWatch } from './tracking/record-run.js';

/** Told what a training finds, when it finds it. */
export interface TrainingObserver {
  /** Folder that it writes pictures, figures and the report into. */
  readonly resultsDir: string;
  /** The data were read and checked; the first step is still to come. */
  prepared(training: Training): Promise<void>;
  /** The last step was taken and the model chosen. */
  trained(finished: FinishedTraining): void;
  /** Both graphs of the finished artifact answered every review of a part. */
  scored(part: ScoredPart): void;
  /** The artifact is written, and this is its manifest; the run ends when this is done. */
  finished(manifest: TransformerManifest): Promise<void>;
}

export interface ScoredPart {
  readonly name: 'train' | 'validation' | 'test';
  readonly part: DataPart;
  /** Of the positive class, by graph. */
  readonly probabilities: Readonly<Record<'int8' | 'fp32', Float64Array>>;
}

export interface TrainingWatch extends RunWatch {
  readonly observer?: TrainingObserver | undefined;
}
