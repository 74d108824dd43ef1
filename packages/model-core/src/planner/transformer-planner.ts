import { createHash } from 'node:crypto';

import { type ArtifactSource, loadJsonObject } from '../artifact.js';
import { ModelCoreError } from '../errors.js';
import { parseJsonObject } from '../json.js';
import { DEFAULT_GOLDEN_TOLERANCE, LABELS, type ManifestOf } from '../manifest-format.js';
import { type ModelConfig, parseModelConfig } from '../model-config.js';
import { createTokenizer, type ReviewTokenizer, type TokenizerOptions } from '../tokenizer.js';
import type { GoldenRun, PlannerInfo, ScorePlanner } from './review-plan.js';

export interface TransformerPlanner extends ScorePlanner {
  readonly info: Omit<PlannerInfo, 'members'> & Required<Pick<PlannerInfo, 'vocabSize' | 'maxLength' | 'truncation'>>;
  readonly tokenizer: ReviewTokenizer;
}

/** Loads a transformer's tokenizer, none of its weights. `member` is its name in what it is a part of, or empty. */
export async function openTransformerPlanner(
  artifact: ArtifactSource,
  manifest: ManifestOf<'transformer'>,
  member = '',
): Promise<TransformerPlanner> {
  const config = parseModelConfig(await loadJsonObject(artifact, 'config.json'));
  const { text, version, parameters, temperature = 1 } = manifest;
  checkLength(text, config);
  const tokenizer = await loadTokenizer(artifact, text, config.vocabSize);
  return {
    info: {
      dir: artifact.dir,
      version,
      kind: 'transformer',
      modelType: config.modelType,
      parameters,
      vocabSize: config.vocabSize,
      maxLength: text.maxLength,
      truncation: text.truncation,
      labels: LABELS,
      temperature,
    },
    goldenRuns: readGoldenRuns(manifest, member),
    tokenizer,
    plan(text) {
      const { inputIds, tokenCount, truncated } = tokenizer.encode(text);
      return {
        tokenCount,
        truncated,
        runs: [{ member, inputIds }],
        score: ([[negative = NaN, positive = NaN] = []]) => (positive - negative) / temperature,
      };
    },
  };
}

const readGoldenRuns = (
  { goldenInputs = [], goldenTolerance: tolerance = DEFAULT_GOLDEN_TOLERANCE }: ManifestOf<'transformer'>,
  member: string,
): GoldenRun[] =>
  goldenInputs.map(({ inputIds, logits }, index) => ({
    member,
    index,
    inputIds: Int32Array.from(inputIds),
    logits,
    tolerance,
  }));

function checkLength({ maxLength }: TokenizerOptions, { maxPositions }: ModelConfig): void {
  if (maxLength <= maxPositions) return;
  throw new ModelCoreError(
    'INVALID_CONFIG',
    `manifest.json: text.maxLength must be at most config.json's ${maxPositions} positions, got ${maxLength}`,
    { file: 'config.json' },
  );
}

/**
 * By the digests of what was read, as a member's files are verified by the manifest of the whole and not by its own: a reload finds the tokenizer of the version
 * that still serves.
 */
const tokenizers = new Map<string, WeakRef<ReviewTokenizer>>();

async function loadTokenizer(
  artifact: ArtifactSource,
  text: TokenizerOptions,
  vocabSize: number,
): Promise<ReviewTokenizer> {
  const tokenizerJson = await artifact.load('tokenizer.json');
  const tokenizerConfig = await artifact.load('tokenizer_config.json');
  const key = [sha256(tokenizerJson), sha256(tokenizerConfig), text.maxLength, text.truncation].join();
  const tokenizer =
    tokenizers.get(key)?.deref() ??
    createTokenizer(
      parseJsonObject(tokenizerJson, 'tokenizer.json'),
      parseJsonObject(tokenizerConfig, 'tokenizer_config.json'),
      text,
    );
  tokenizers.set(key, new WeakRef(tokenizer));
  if (tokenizer.vocabSize === vocabSize) return tokenizer;
  throw new ModelCoreError(
    'VOCABULARY_MISMATCH',
    `tokenizer.json has ${tokenizer.vocabSize} tokens, and config.json's vocab_size is ${vocabSize}`,
    { file: 'tokenizer.json' },
  );
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
