import { LIMITS } from '@marquee/contracts';
import type { LabelScore } from '@marquee/contracts';
import { EXAMPLE_SCORES } from '../dto/examples.js';
import { HuggingFaceRequestDto } from '../dto/hugging-face.js';
import { LabelScoreDto } from '../dto/tei.js';
import type { InferenceService } from '../inference/inference-service.js';
import { rankLabels } from './label-scores.js';
import { PREDICTION_ERRORS } from './prediction-routes.js';
import type { Route } from './route.js';

export function createHuggingFaceRoute(
  inference: InferenceService,
): Route<HuggingFaceRequestDto, readonly (readonly LabelScore[])[]> {
  return {
    method: 'POST',
    path: '/hf',
    operationId: 'huggingFace',
    tag: 'Hugging Face',
    summary: 'Sentiment in the form of the text-classification task',
    description:
      'For the clients of Hugging Face, which take this address as an endpoint: a list of scores, the likelier label first, of each of the `inputs`, and of a single one too.',
    scope: 'predict',
    wire: 'native',
    request: { dto: HuggingFaceRequestDto, maxBytes: LIMITS.maxBatchBodyBytes, unknownFields: 'drop' },
    answers: {
      200: {
        dto: LabelScoreDto,
        shapes: ['list of lists'],
        examples: { 'of one review': EXAMPLE_SCORES.slice(0, 1), 'of two': EXAMPLE_SCORES },
        description: 'The scores.',
      },
    },
    errors: PREDICTION_ERRORS,
    async handle({ body: { inputs, parameters }, signal, deadlineMs }) {
      const texts = typeof inputs === 'string' ? [inputs] : inputs;
      const priority = texts.length === 1 ? 'single' : 'batch';
      const { predictions } = await inference.predict({ texts, priority, signal, deadlineMs });
      const body = predictions.map(({ probabilities }) =>
        rankLabels(probabilities, parameters?.function_to_apply ?? 'softmax').slice(0, parameters?.top_k ?? undefined),
      );
      return { status: 200, body };
    },
  };
}
