import { latestCheckpoint } from './checkpoint.js';
import { TrainerError } from './trainer-error.js';

/** A training that was asked to stop, with the checkpoint to go on from. */
export interface Stopped {
  readonly stoppedAt: string;
}

/** A stop during an evaluation costs nothing, since each comes after a checkpoint; a disk that is full costs the steps since the last one. */
export async function endedByError(error: unknown, outputDir: string): Promise<Stopped> {
  const checkpoint = await latestCheckpoint(outputDir);
  if (!(error instanceof TrainerError) || checkpoint === undefined) throw error;
  if (error.code === 'INTERRUPTED') return { stoppedAt: checkpoint };
  if (error.code !== 'WRITE_FAILED') throw error;
  const way = `${checkpoint} is whole: when there is room, go on from it with --resume-from-checkpoint`;
  throw new TrainerError('WRITE_FAILED', `${error.message}; ${way}`, { cause: error });
}
