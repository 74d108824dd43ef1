export const SENTIMENTS = ['negative', 'positive'] as const; // index = class id of the model
export type Sentiment = (typeof SENTIMENTS)[number];

/** Softmax of the two logits; the two numbers sum to one. */
export type SentimentProbabilities = Readonly<Record<Sentiment, number>>;

/** Which part of a cascade answered: its linear model alone, or all members together. */
export const STAGES = ['linear', 'blend'] as const;
export type Stage = (typeof STAGES)[number];

/** Body of `POST /predict`. */
export interface PredictRequest {
  readonly text: string;
}

/** Answer for one review: `text` as it was sent, `confidence` the probability of `sentiment`. */
export interface PredictResponse {
  readonly text: string;
  readonly sentiment: Sentiment;
  readonly confidence: number;
  readonly probabilities: SentimentProbabilities;
  /** A UUID, by which this prediction can be spoken of later. */
  readonly prediction_id: string;
  /** Version of the model that answered. */
  readonly model_version: string;
  /** Tokens of the whole text; a linear model's are its words. */
  readonly token_count: number;
  /** Whether the model left the end of the text unread. */
  readonly truncated: boolean;
  /** Of a cascade alone. */
  readonly stage?: Stage;
}

/** Body of `POST /predict/batch`. */
export interface BatchPredictRequest {
  readonly reviews: readonly string[];
}

/** Answer of `POST /predict/batch`: predictions in the order of the reviews, all by one version of the model. */
export interface BatchPredictResponse {
  readonly predictions: readonly PredictResponse[];
  readonly total_count: number;
  readonly processing_time_ms: number;
}
