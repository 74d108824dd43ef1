import { type ArtifactSource, openArtifact } from './artifact.js';
import { openBlend } from './blend-model.js';
import { openCascade } from './cascade-model.js';
import { ModelCoreError } from './errors.js';
import { openLinear } from './linear-model.js';
import { MANIFEST_FILE, type Sentiment } from './manifest-format.js';
import type { ClassifierInfo, ClassifierOptions, ReviewModel, ReviewScore, Stage } from './review-model.js';
import { softmax } from './softmax.js';
import { openTransformer, type TransformerModel } from './transformer-model.js';

export interface Prediction {
  /** The likelier label; `negative` when both are equally likely. */
  readonly sentiment: Sentiment;
  /** Probability of `sentiment`, 0.5 to 1. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<Sentiment, number>>;
  /** Tokens of the whole text, special tokens included, before any cut; a linear model's are its words. */
  readonly tokenCount: number;
  /** Whether tokens past the artifact's limit were left unread. */
  readonly truncated: boolean;
  /** Which stage of a cascade answered. Other kinds have none. */
  readonly stage?: Stage;
}

export interface Classifier {
  readonly info: ClassifierInfo;
  /**
   * Classifies texts, one review a run, in order. Calls may overlap: their runs take turns. The event loop stands still
   * during a run (some 10 to 100 ms). Throws `INVALID_INPUT` for anything but strings, `RUN_FAILED`, and `CLOSED`.
   */
  predict(texts: readonly string[]): Promise<Prediction[]>;
  /** Waits for the run in progress and releases the sessions; runs that wait end as `CLOSED`. */
  close(): Promise<void>;
}

/** A transformer's classifier, which also works on token ids. */
export type TransformerClassifier = Classifier & Pick<TransformerModel, 'info' | 'tokenizer' | 'classify'>;

/**
 * Loads an artifact folder of any kind: compares the digests of what it reads, then builds the models from those very
 * bytes. Throws a `ModelCoreError`, whose codes stand in errors.ts, for anything that does not fit together.
 */
export async function loadClassifier(dir: string, options: ClassifierOptions = {}): Promise<Classifier> {
  return createClassifier(await openModel(await openArtifact(dir), options));
}

/** Loads a transformer's artifact. Throws as `loadClassifier`, and `UNSUPPORTED_FORMAT` for another kind. */
export async function loadTransformer(dir: string, options: ClassifierOptions = {}): Promise<TransformerClassifier> {
  const artifact = await openArtifact(dir);
  const { manifest } = artifact;
  if (manifest.kind !== 'transformer') {
    throw new ModelCoreError('UNSUPPORTED_FORMAT', `${dir} must be a transformer, got a ${manifest.kind}`, {
      file: MANIFEST_FILE,
    });
  }
  const model = await openTransformer(artifact, manifest, options);
  const { info, tokenizer } = model;
  return { ...createClassifier(model), info, tokenizer, classify: (inputIds) => model.classify(inputIds) };
}

async function openModel(artifact: ArtifactSource, options: ClassifierOptions): Promise<ReviewModel> {
  const { manifest } = artifact;
  switch (manifest.kind) {
    case 'transformer':
      return openTransformer(artifact, manifest, options);
    case 'linear':
      if (options.device !== 'cuda') return openLinear(artifact, manifest);
      throw new ModelCoreError(
        'DEVICE_UNAVAILABLE',
        'device "cuda" cannot be used: a linear model runs on the CPU alone',
      );
    case 'blend':
      return openBlend(artifact, manifest, options);
    case 'cascade':
      return openCascade(artifact, manifest, options);
  }
}

function createClassifier(model: ReviewModel): Classifier {
  let closed = false;
  return {
    info: model.info,
    async predict(texts) {
      checkTexts(texts);
      const predictions: Prediction[] = [];
      for (const text of texts) {
        if (closed) throw new ModelCoreError('CLOSED', 'the classifier was closed before this run');
        predictions.push(toPrediction(await model.score(text)));
      }
      return predictions;
    },
    async close() {
      closed = true;
      await model.close();
    },
  };
}

function toPrediction({ logit, ...rest }: ReviewScore): Prediction {
  const [negative = NaN, positive = NaN] = softmax([0, logit]);
  const sentiment = positive > negative ? 'positive' : 'negative';
  const probabilities = { negative, positive };
  return { sentiment, confidence: probabilities[sentiment], probabilities, ...rest };
}

function checkTexts(texts: readonly unknown[]): void {
  if (!Array.isArray(texts)) {
    throw new ModelCoreError('INVALID_INPUT', `predict takes a list of texts, got ${typeof texts}`);
  }
  texts.forEach((text, index) => {
    if (typeof text === 'string') return;
    throw new ModelCoreError('INVALID_INPUT', `texts[${index}] must be a string, got ${typeof text}`);
  });
}
