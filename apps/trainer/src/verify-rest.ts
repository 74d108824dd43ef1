import { type Manifest, readArtifact, readManifest } from '@marquee/model-core';

/**
 * Verifies the files of an artifact but those that a command is about to write anew. A run that was ended among them left some that their manifest does not
 * know yet; they are made from what is verified here, so that the same command finishes what that run began. Throws as `readArtifact`.
 */
export async function verifyRest(dir: string, renewed: readonly string[]): Promise<Manifest> {
  const manifest = await readManifest(dir);
  const rest = Object.keys(manifest.files).filter((path) => !renewed.includes(path));
  for (const path of rest) await readArtifact(dir, { files: [path] }); // one at a time: together they may be large
  return manifest;
}
