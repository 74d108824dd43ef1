export const SENTIMENTS = ['negative', 'positive'] as const; // index = class id of the model
export type Sentiment = (typeof SENTIMENTS)[number];

/** Softmax of the two logits; the two numbers sum to one. */
export type SentimentProbabilities = Readonly<Record<Sentiment, number>>;

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
}

/** Body of `POST /predict/batch`. */
export interface BatchPredictRequest {
  readonly reviews: readonly string[];
}

/** Answer of `POST /predict/batch`: predictions in the order of the reviews. */
export interface BatchPredictResponse {
  readonly predictions: readonly PredictResponse[];
  readonly total_count: number;
  readonly processing_time_ms: number;
}
