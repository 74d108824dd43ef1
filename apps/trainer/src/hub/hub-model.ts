import { isAbsolute } from 'node:path';

import { HubApiError, modelInfo, pathsInfo } from '@huggingface/hub';

import { reasonOf } from '../network-failure.js';
import type { Progress } from '../progress.js';
import { MODEL_FILES } from '../starting-model.js';
import type { RunWatch } from '../tracking/record-run.js';
import type { TrainOptions } from '../train-options.js';
import { TrainerError } from '../trainer-error.js';
import { createHubFetch, readRemote } from './hub-fetch.js';
import type { HubSettings } from './hub-settings.js';
import { readHubToken } from './hub-token.js';
import { COMMIT, type ModelCache, openModelCache } from './model-cache.js';
import { downloadVerified } from './verified-download.js';

/** Of a branch, a tag, a pull request (`refs/pr/1`) or a commit. */
const REVISION = /^\w[\w.-]*(\/\w[\w.-]*)*$/;

/** The largest that is believed of each file, so that a wrong answer cannot fill the disk. */
const LARGEST_BYTES: Readonly<Record<string, number>> = {
  'model.safetensors': 4e9,
  'tokenizer.json': 64e6,
  'vocab.txt': 16e6,
};
const LARGEST_OTHER_BYTES = 1e6;

/** They go with what is made of the model; not every model has one. */
const LICENSE_FILES = ['LICENSE', 'LICENSE.txt', 'LICENSE.md', 'NOTICE', 'NOTICE.txt'];

/**
 * The folder of a model: the path itself, or, for a name, the hub's files of that revision in the local cache, downloaded where they are not there. Throws
 * `DOWNLOAD_FAILED` with the ways out when the hub cannot be reached or has trouble and the cache does not have it, and `INVALID_MODEL` for what the hub does not have.
 */
export async function findModelFolder(
  { modelNameOrPath: name, modelRevision: revision }: Pick<TrainOptions, 'modelNameOrPath' | 'modelRevision'>,
  { hub, progress }: Pick<RunWatch, 'hub' | 'progress'>,
): Promise<string> {
  if (isAbsolute(name) || !hub) return name;
  if (!REVISION.test(revision) || revision.includes('..')) {
    throw new TrainerError(
      'INVALID_OPTION',
      `--model-revision: expected a branch, a tag or a commit, got "${revision}"`,
    );
  }
  const cache = openModelCache(hub.cacheDir, name);
  const cached = await cache.readRef(revision);
  const isCached = cached !== undefined && cache.hasAll(cached, MODEL_FILES);
  // A commit never changes; a branch may have moved.
  if (isCached && (hub.offline || cached === revision)) return cache.snapshotDir(cached);
  if (hub.offline) throw unavailable(name, `it is not in ${hub.cacheDir}, and HF_HUB_OFFLINE is set`);
  try {
    return await download(name, revision, hub, cache, progress);
  } catch (error) {
    if (error instanceof TrainerError) throw error;
    if (error instanceof HubApiError && !isOutage(error)) throw refused(name, revision, hub, error);
    const reason = `${hub.endpoint} ${describeOutage(error)}`;
    if (!isCached) throw unavailable(name, reason, error);
    progress.say(`${reason}: taking ${name} from the cache, as it was at commit ${cached.slice(0, 12)}`);
    return cache.snapshotDir(cached);
  }
}

async function download(name: string, revision: string, hub: HubSettings, cache: ModelCache, progress: Progress) {
  // The library itself would take only tokens that begin with hf_, which another hub's need not.
  const access = { hubUrl: hub.endpoint, fetch: createHubFetch(hub.endpoint, await readHubToken(hub)) };
  const { sha: commit } = await modelInfo({ ...access, name, revision, additionalFields: ['sha'] });
  if (!COMMIT.test(commit)) throw invalid(name, hub, `expected a commit, got "${commit}"`);
  if (!cache.hasAll(commit, MODEL_FILES)) {
    const paths = [...MODEL_FILES, ...LICENSE_FILES];
    const listed = await pathsInfo({ ...access, repo: name, revision: commit, paths });
    // Nothing but what was asked for, whatever the answer lists.
    const files = listed.filter(({ path, type }) => type === 'file' && paths.includes(path));
    const missing = MODEL_FILES.find((file) => !files.some(({ path }) => path === file));
    if (missing !== undefined) throw invalid(name, hub, `expected ${missing} at ${revision}, found none`);
    progress.say(`downloading ${name} from ${hub.endpoint}, commit ${commit.slice(0, 12)}`);
    for (const { path, size, oid = '', lfs } of files) {
      const digest = lfs?.oid ?? oid;
      const sizeBytes = lfs?.size ?? size;
      checkListed(name, hub, path, digest, sizeBytes);
      const read = readRemote({ ...access, repo: name, revision: commit, path }, sizeBytes);
      const subject = `${name}/${path}`;
      const onProgress = watchBytes(path, sizeBytes, progress);
      await downloadVerified({ subject, sizeBytes, digest, read, onProgress }, cache.blobPath(digest));
      await cache.link(commit, path, digest);
    }
    progress.done();
  }
  await cache.writeRef(revision, commit);
  return cache.snapshotDir(commit);
}

function checkListed(name: string, hub: HubSettings, path: string, digest: string, sizeBytes: number): void {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(digest))
    throw invalid(name, hub, `expected a digest of ${path}, got "${digest}"`);
  const largest = LARGEST_BYTES[path] ?? LARGEST_OTHER_BYTES;
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 && sizeBytes <= largest) return;
  throw invalid(name, hub, `expected at most ${largest} bytes of ${path}, got ${sizeBytes}`);
}

function watchBytes(path: string, total: number, progress: Progress): (bytes: number) => void {
  let first: { readonly bytes: number; readonly ms: number } | undefined;
  const inMegabytes = (bytes: number): number => Math.round(bytes / 1e6);
  return (bytes) => {
    // After a break it may begin anew.
    if (!first || bytes < first.bytes) first = { bytes, ms: performance.now() };
    // One piece shows no pace yet.
    if (total <= 1e6 || bytes === first.bytes) return;
    const secondsPerByte = (performance.now() - first.ms) / 1000 / (bytes - first.bytes);
    const secondsLeft = secondsPerByte * (total - bytes);
    progress.count({ done: inMegabytes(bytes), total: inMegabytes(total), unit: `MB of ${path}`, secondsLeft });
  };
}

const LOCAL_FOLDER = `give a local folder with ${MODEL_FILES.join(', ')} as --model-name-or-path`;

const unavailable = (name: string, reason: string, cause?: unknown): TrainerError =>
  new TrainerError('DOWNLOAD_FAILED', `${name}: ${reason}; ${LOCAL_FOLDER}`, { cause });

const invalid = (name: string, { endpoint }: HubSettings, problem: string): TrainerError =>
  new TrainerError('INVALID_MODEL', `${name} of ${endpoint}: ${problem}`);

const TOO_MANY_REQUESTS = 429;

/** What the hub answers where it has trouble of its own, or was asked too often; it says nothing about the model. */
const isOutage = ({ statusCode }: HubApiError): boolean => statusCode >= 500 || statusCode === TOO_MANY_REQUESTS;

/** In words that follow the hub's address. */
function describeOutage(error: unknown): string {
  if (!(error instanceof HubApiError)) return `cannot be reached (${reasonOf(error)})`;
  const trouble = error.statusCode === TOO_MANY_REQUESTS ? 'was asked too often' : 'has trouble';
  return `${trouble} (it answered ${error.statusCode})`;
}

function refused(name: string, revision: string, { endpoint }: HubSettings, error: HubApiError): TrainerError {
  // The hub answers 401 for what does not exist, too, so as not to tell.
  const hint = [401, 403].includes(error.statusCode)
    ? ', or it is not public: HF_TOKEN or `hf auth login` gives access'
    : '';
  const problem = `expected a folder or a model of ${endpoint} at revision "${revision}", which answered ${error.statusCode}${hint}`;
  return new TrainerError('INVALID_MODEL', `${name}: ${problem}`, { cause: error });
}
