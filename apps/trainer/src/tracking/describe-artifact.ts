import { join } from 'node:path';

import { fileDigest } from '@marquee/dataset';
import { GRAPH_FILES, type Manifest, MANIFEST_FILE, readManifest } from '@marquee/model-core';

import type { RunArtifact, RunModel } from './run-record.js';

/** What `run.json` says of an artifact that a run looks at. Throws what reading its manifest throws. */
export async function describeArtifact(path: string): Promise<RunModel> {
  const { version } = await readManifest(path);
  return { path, version, manifestSha256: await manifestDigest(path) };
}

/** What it says of the artifact that a run made. */
export async function madeArtifact(dir: string, manifest: Manifest): Promise<RunArtifact> {
  const served = servedName(manifest);
  return { version: manifest.version, manifestSha256: await manifestDigest(dir), ...(served && { served }) };
}

const manifestDigest = (dir: string): Promise<string> => fileDigest(join(dir, MANIFEST_FILE));

/** What the metrics of a manifest call that which is served on a CPU. A pretrained model has no graph, and nothing serves it. */
function servedName({ kind, files }: Manifest): string | undefined {
  if (kind !== 'transformer') return kind;
  return (['int8', 'fp32'] as const).find((graph) => GRAPH_FILES[graph] in files);
}
