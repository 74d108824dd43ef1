import { createHash } from 'node:crypto';

import type { DistilBertConfig } from '@marquee/distilbert';
import { createTokenizerJson, type ReviewTokenizer } from '@marquee/model-core';

import type { EvaluationWatch } from './evaluation-watch.js';
import { findModelFolder } from './hub/hub-model.js';
import { sequenceCount } from './packed-sequences.js';
import { decisivePretrainOptions, type PretrainOptions } from './pretrain-options.js';
import { planPretraining, type PretrainingPlan } from './pretraining-plan.js';
import { languageModel, loadStartingModel, type StartingModel } from './starting-model.js';
import { readCorpus, readDividedCorpus, type TextCorpus } from './text-corpus.js';
import type { MaskingVocabulary } from './token-masking.js';
import { createTokenization, type Tokenization } from './tokenize.js';
import type { RunWatch } from './tracking/record-run.js';
import { TrainerError } from './trainer-error.js';

/** Everything that a pretraining reads, checked. */
export interface Pretraining extends EvaluationWatch {
  readonly options: PretrainOptions;
  readonly model: StartingModel;
  /** The starting model's, with the dropout that was asked for. */
  readonly config: DistilBertConfig;
  readonly train: TextCorpus;
  readonly validation: TextCorpus | undefined;
  readonly vocabulary: MaskingVocabulary & { readonly clsId: number };
  readonly plan: PretrainingPlan;
  readonly fingerprint: string;
}

/** Reads and checks model and text, and plans the steps. */
export async function preparePretraining(options: PretrainOptions, watch: RunWatch): Promise<Pretraining> {
  const model = await loadStartingModel(await findModelFolder(options, watch), options.seed, languageModel);
  const { dropout, maxSeqLength } = options;
  const config = dropout === undefined ? model.config : { ...model.config, dropout, attention_dropout: dropout };
  if (maxSeqLength > config.max_position_embeddings) {
    const expectation = `expected at most the model's ${config.max_position_embeddings} positions`;
    throw new TrainerError('INVALID_OPTION', `--max-seq-length: ${expectation}, got ${maxSeqLength}`);
  }
  const tokenization = createTokenization({
    tokenizerJson: createTokenizerJson(model.tokenizerJson),
    tokenizerConfig: model.tokenizerConfig,
    limits: { maxLength: Number.MAX_SAFE_INTEGER, truncation: 'head' },
    tokenCacheDir: options.tokenCacheDir,
    progress: watch.progress,
  });
  const { train, validation } = await readTexts(options, tokenization);
  for (const [name, corpus] of Object.entries({ training: train, validation })) {
    if (corpus && sequenceCount(corpus, maxSeqLength) === 0)
      throw new TrainerError(
        'INVALID_OPTION',
        `expected ${name} text for a sequence of ${maxSeqLength} tokens, got less`,
      );
  }
  const plan = planPretraining(sequenceCount(train, maxSeqLength), options);
  const parts = [decisivePretrainOptions(options), model.weightsDigest, train.sources, train.texts.length];
  const fingerprint = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return {
    ...watch,
    options,
    model,
    config,
    train,
    validation,
    vocabulary: readVocabulary(model, tokenization.tokenizer),
    plan,
    fingerprint,
  };
}

async function readTexts(
  options: PretrainOptions,
  tokenization: Tokenization,
): Promise<{ train: TextCorpus; validation: TextCorpus | undefined }> {
  const { trainFile, validationFile, validationSplitPercentage: percentage, textColumnName: textColumn } = options;
  const limits = { textColumn, maxRows: options.maxTrainSamples };
  if (!validationFile && percentage > 0) {
    const division = { ...limits, fraction: percentage / 100, seed: options.seed };
    const { rest, part } = await readDividedCorpus(trainFile, tokenization, division);
    return { train: rest, validation: part };
  }
  const train = await readCorpus(trainFile, tokenization, limits);
  const validation =
    validationFile && (await readCorpus(validationFile, tokenization, { textColumn, maxRows: options.maxEvalSamples }));
  return { train, validation };
}

function readVocabulary(
  { path, tokenizerJson, tokenizerConfig }: StartingModel,
  tokenizer: ReviewTokenizer,
): Pretraining['vocabulary'] {
  const [clsId, sepId] = tokenizer.encode('').inputIds as unknown as [number, number]; // an empty text is these two
  const written = tokenizerConfig['mask_token'];
  const mask = typeof written === 'string' ? written : '[MASK]';
  const { vocab = {} } = (tokenizerJson['model'] ?? {}) as { vocab?: Readonly<Record<string, number>> };
  const maskId = vocab[mask];
  if (maskId === undefined)
    throw new TrainerError('INVALID_MODEL', `${path}: expected the mask token ${mask} in tokenizer.json, found none`);
  return { size: tokenizer.vocabSize, maskId, clsId, specialIds: [clsId, sepId] };
}

/** Says in a few lines what is about to be done. */
export function announcePretraining({ options, model, train, validation, plan, progress }: Pretraining): void {
  const count = ({ texts }: TextCorpus): string => texts.length.toLocaleString('en');
  const heldOut = validation ? `, ${count(validation)} held out` : '';
  const sequences = sequenceCount(train, options.maxSeqLength).toLocaleString('en');
  progress.say(
    `${count(train)} texts in ${sequences} sequences of ${options.maxSeqLength} tokens${heldOut}, ${plan.totalSteps} steps`,
  );
  const head = model.hasNewHead ? `a new head, drawn from seed ${options.seed}` : 'its own head';
  progress.say(`starting from ${model.path} with ${head}`);
  const ownRows = new Set(train.rowDigests);
  const shared = validation?.rowDigests.filter((digest) => ownRows.has(digest)).length ?? 0;
  if (shared > 0) progress.say(`${shared} held-out texts are training texts, too`);
}
