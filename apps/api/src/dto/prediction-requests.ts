import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '@marquee/contracts';
import type { BatchPredictRequest, PredictRequest } from '@marquee/contracts';
import { EXAMPLE_BATCH, EXAMPLE_REVIEW } from './examples.js';
import { IsReviewText } from './review-text.js';

// `!` on the properties of all DTOs: class-transformer creates the instance and assigns what the body holds; the decorators
// then check that it is there.

@JSONSchema({ additionalProperties: false })
export class PredictRequestDto implements PredictRequest {
  @JSONSchema({
    description: 'The movie review. Characters are Unicode code points.',
    examples: [EXAMPLE_REVIEW],
  })
  @IsReviewText()
  readonly text!: string;
}

function describeSize({ value }: ValidationArguments): string {
  const size = Array.isArray(value) ? value.length : 0;
  return `A batch must hold 1 to ${LIMITS.maxBatchReviews} reviews, got ${size}`;
}

@JSONSchema({ additionalProperties: false })
export class BatchPredictRequestDto implements BatchPredictRequest {
  // Decorators are checked from the last to the first, and the first failure is the one answered.
  @JSONSchema({
    description: 'The movie reviews, answered in their order.',
    examples: [EXAMPLE_BATCH.map(({ text }) => text)],
  })
  @IsReviewText({ each: true })
  @ArrayMaxSize(LIMITS.maxBatchReviews, { message: describeSize })
  @ArrayMinSize(1, { message: describeSize })
  @IsArray({ message: 'reviews must be an array of review texts' })
  readonly reviews!: string[];
}
