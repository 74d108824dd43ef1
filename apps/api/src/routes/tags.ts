/** The groups that the documents show routes in, in this order. */
export const TAGS = {
  Prediction: 'The sentiment of reviews, and which words speak for it.',
  Service: 'Whether the service answers, and with which model.',
  Administration: 'For whoever runs the service. Asks for a key even where the rest is open.',
  'Open Inference Protocol':
    'Version 2 of the protocol of KServe and Triton, with binary tensors: `tritonclient.http` works as it is. The one model is `marquee`.',
  'Text Embeddings Inference': 'The routes, answers and errors of Text Embeddings Inference for a classifier.',
  'Hugging Face': 'The text-classification task, for `InferenceClient` and its like.',
} as const;

export type Tag = keyof typeof TAGS;
