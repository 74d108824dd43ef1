/** What the documents show: one story, so that the answers are those to the requests. */
export const EXAMPLE_VERSION = 'cd17a3f5ec11';
export const EXAMPLE_REQUEST_ID = '0198f2c4-7d3e-7c11-9b1f-2f6d5f0f3a55';

export const EXAMPLE_REVIEW =
  'This movie was absolutely fantastic! The acting was superb and the plot kept me engaged throughout.';

export const EXAMPLE_PREDICTION = {
  text: EXAMPLE_REVIEW,
  sentiment: 'positive',
  confidence: 0.9767,
  probabilities: { negative: 0.0233, positive: 0.9767 },
  prediction_id: '1b4e28ba-2fa1-4d2a-883f-0016d3cca427',
  model_version: EXAMPLE_VERSION,
  token_count: 20,
  truncated: false,
  stage: 'linear',
} as const;

export const EXAMPLE_BATCH = [
  EXAMPLE_PREDICTION,
  {
    text: 'Terrible waste of time. Poor acting and bad script.',
    sentiment: 'negative',
    confidence: 0.9994,
    probabilities: { negative: 0.9994, positive: 0.0006 },
    prediction_id: '6f1b2c9e-3c55-4a0b-9d0a-5a1c7e2f9b10',
    model_version: EXAMPLE_VERSION,
    token_count: 13,
    truncated: false,
    stage: 'linear',
  },
] as const;

export const EXAMPLE_SCORES = EXAMPLE_BATCH.map(({ probabilities: { negative, positive } }) =>
  [
    { label: 'positive', score: positive },
    { label: 'negative', score: negative },
  ].sort((a, b) => b.score - a.score),
);

export const EXAMPLE_EXPLANATION = {
  ...EXAMPLE_PREDICTION,
  text: 'The acting is superb.',
  confidence: 0.9978,
  probabilities: { negative: 0.0022, positive: 0.9978 },
  token_count: 7,
  method: 'integrated_gradients',
  attributions: [
    { word: 'The', start: 0, end: 3, score: -0.08 },
    { word: 'acting', start: 4, end: 10, score: -0.48 },
    { word: 'is', start: 11, end: 13, score: 0.86 },
    { word: 'superb', start: 14, end: 20, score: 4.6 },
    { word: '.', start: 20, end: 21, score: 0.94 },
  ],
  completeness_gap: 0,
  steps: 1,
  converged: true,
  cost: 5,
} as const;
