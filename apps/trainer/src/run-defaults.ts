import { resolve } from 'node:path';

import type { CliDependencies } from './cli-command.js';
import { defaultOutputDir } from './output-folder.js';
import { runFolderOf } from './resume-point.js';
import { TrainerError } from './trainer-error.js';

type Parsed = Readonly<Record<string, unknown>>;

/** The options of a training with the model that it starts from, the folder that it writes into and that of its tokens. */
export const withRunDefaults = (parsed: Parsed, { cwd, shippedModel, tokenCacheDir }: CliDependencies): Parsed => ({
  ...parsed,
  tokenCacheDir: parsed['tokenCacheDir'] ?? tokenCacheDir,
  modelNameOrPath: parsed['modelNameOrPath'] ?? shippedModel,
  outputDir: parsed['outputDir'] ?? outputDirFor(parsed['resumeFromCheckpoint'], cwd),
});

/** The options of a training on reviews: on the sample where the user names no file. */
export function withTrainingData(parsed: Parsed, { sampleFile, progress }: CliDependencies): Parsed {
  const hasData = parsed['trainFile'] !== undefined || parsed['dataFile'] !== undefined;
  if (!hasData) {
    progress.say(`no --train-file: training on ${sampleFile}, synthetic reviews that show how it works and no more`);
  }
  return { ...parsed, trainFile: hasData ? parsed['trainFile'] : sampleFile };
}

function outputDirFor(resumeFromCheckpoint: unknown, cwd: string): string {
  if (typeof resumeFromCheckpoint === 'string') return runFolderOf(resumeFromCheckpoint);
  if (resumeFromCheckpoint === undefined) return resolve(cwd, defaultOutputDir(new Date()));
  throw new TrainerError(
    'INVALID_OPTION',
    '--resume-from-checkpoint: expected a checkpoint, or --output-dir with the folder of the run',
  );
}
