import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { RESULT_FILES } from '../report/result-files.js';

/** A file of a run, and its name among the run's artifacts, with `/`. */
export interface RunFile {
  readonly path: string;
  readonly name: string;
}

/** Folders of a run that hold its artifact and its pictures; checkpoints, parts and trials stay where they are. */
const SHOWN_FOLDERS = ['onnx', 'results', 'members'];

/** The files of a run's folder that are worth showing elsewhere: paths relative to it, with `/`, in order. */
export async function listRunFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && SHOWN_FOLDERS.includes(entry.name));
  const nested = await Promise.all(
    folders.map(({ name }) => readdir(join(dir, name), { withFileTypes: true, recursive: true })),
  );
  return [...entries, ...nested.flat()]
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** The results in a folder that other runs may use, too: those written since the run began, in milliseconds. */
export async function listResults(dir: string, since: number): Promise<string[]> {
  const written = Object.values(RESULT_FILES).map(async (name) => {
    const isOwn = await stat(join(dir, name)).then(
      ({ mtimeMs }) => mtimeMs >= since,
      () => false,
    );
    return isOwn ? [name] : [];
  });
  return (await Promise.all(written)).flat();
}
