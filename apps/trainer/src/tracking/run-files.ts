import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fileDigest } from '@marquee/dataset';
import { MANIFEST_FILE, readManifest } from '@marquee/model-core';

import { RESULT_FILES, RESULTS_FOLDER } from '../report/result-files.js';
import { RUN_FILE, type RunRecord } from './run-record.js';

/** A file of a run, and its name among the run's artifacts, with `/`. */
export interface RunFile {
  readonly path: string;
  readonly name: string;
}

export interface RunFolders {
  readonly dir: string;
  readonly record: RunRecord;
  /** What the run may write into its folder besides record and artifact: paths relative to it, with `/`. */
  readonly files: readonly string[];
  /** Where its results go, if it has any. */
  readonly resultsDir?: string | undefined;
}

/** What a run wrote, by name: its folders may hold anything besides, reviews and the files of earlier runs included. */
export async function listRunFiles({ dir, record, files, resultsDir }: RunFolders): Promise<RunFile[]> {
  const own = [RUN_FILE, ...files].map((name) => ({ path: join(dir, name), name }));
  const results = Object.values(RESULT_FILES).flatMap((name) =>
    resultsDir === undefined ? [] : [{ path: join(resultsDir, name), name: `${RESULTS_FOLDER}/${name}` }],
  );
  const since = startOf(record);
  const written = [...own, ...results].map(async (file) => ((await isWritten(file, since)) ? [file] : []));
  return [...(await Promise.all(written)).flat(), ...(await artifactFiles(dir, record))];
}

/** In milliseconds: what is older was there before the run. Some is written before it is recorded, by the same process. */
const startOf = ({ timing }: RunRecord): number =>
  Math.min(Date.parse(timing.startedAt), Date.now() - 1000 * process.uptime());

const isWritten = ({ path }: RunFile, since: number): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile() && found.mtimeMs >= since,
    () => false,
  );

/** Of the artifact that the run made, where it stands in the run's folder. */
async function artifactFiles(dir: string, { artifact }: RunRecord): Promise<RunFile[]> {
  const manifest = join(dir, MANIFEST_FILE);
  const digest = artifact && (await fileDigest(manifest).catch(() => undefined));
  if (digest === undefined || digest !== artifact?.manifestSha256) return [];
  const { files } = await readManifest(dir).catch(() => ({ files: {} }));
  return [MANIFEST_FILE, ...Object.keys(files)].map((name) => ({ path: join(dir, name), name }));
}
