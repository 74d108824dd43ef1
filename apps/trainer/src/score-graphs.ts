import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { inferenceModel } from '@marquee/distilbert';
import { GRAPH_FILES, loadClassifier, type Manifest, readArtifact, writeManifest } from '@marquee/model-core';

import type { ArtifactWeights } from './artifact-weights.js';
import type { GraphScores } from './equivalence-gate.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import { scoreReviews } from './score-reviews.js';
import { sessionOptions } from './session-options.js';

/** A review that graphs are judged on. */
export interface JudgingText {
  readonly text: string;
  /** Absent where the file has none. */
  readonly label?: 0 | 1;
}

interface TrialOptions {
  readonly model: string;
  readonly outputDir: string;
  readonly unlabeled: boolean;
  readonly threads: number | undefined;
}

/** Both graphs as they would be served: from an artifact of their own, which is gone afterwards. */
export async function scoreGraphs(
  options: TrialOptions,
  { manifest, config, weights }: ArtifactWeights,
  int8Graph: Uint8Array,
  reviews: readonly JudgingText[],
  watch: EvaluationWatch,
): Promise<GraphScores> {
  const trial = await mkdtemp(join(options.outputDir, '.trial-'));
  try {
    await writeTrial(trial, options.model, manifest, { int8: int8Graph, fp32: inferenceModel(config, weights) });
    const score = async (graph: 'int8' | 'fp32'): Promise<Float64Array> => {
      const classifier = await loadClassifier(trial, { device: 'cpu', graph, ...sessionOptions(options) });
      const { probabilities } = await scoreReviews(classifier, reviews, watch).finally(() => classifier.close());
      return probabilities;
    };
    const labels = options.unlabeled ? {} : { labels: reviews.map(({ label }) => label ?? NaN) };
    return { int8: await score('int8'), fp32: await score('fp32'), ...labels };
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

const TEXT_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

async function writeTrial(
  trial: string,
  model: string,
  manifest: Manifest,
  graphs: Readonly<Record<'int8' | 'fp32', Uint8Array>>,
): Promise<void> {
  const artifact = await readArtifact(model, { files: TEXT_FILES });
  const files = new Map<string, Uint8Array>([
    ...TEXT_FILES.map((name) => [name, artifact.bytes(name)] as const),
    [GRAPH_FILES.int8, graphs.int8],
    [GRAPH_FILES.fp32, graphs.fp32],
  ]);
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(trial, name)), { recursive: true });
    await writeFile(join(trial, name), bytes);
  }
  const { seenRows: _, goldenInputs: __, ...draft } = manifest;
  await writeManifest(trial, draft, files.keys());
}
