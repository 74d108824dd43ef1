import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '@marquee/contracts';
import type { BatchPredictRequest, PredictRequest } from '@marquee/contracts';
import { IsReviewText } from './review-text.js';

// `!` on the properties of all DTOs: class-transformer creates the instance and assigns what the body holds; the decorators
// then check that it is there.

@JSONSchema({ additionalProperties: false })
export class PredictRequestDto implements PredictRequest {
  @JSONSchema({
    description: 'The movie review. Characters are Unicode code points.',
    examples: ['This movie was absolutely fantastic! The acting was superb and the plot kept me engaged throughout.'],
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
    examples: [['This movie was absolutely fantastic!', 'Terrible waste of time. Poor acting and bad script.']],
  })
  @IsReviewText({ each: true })
  @ArrayMaxSize(LIMITS.maxBatchReviews, { message: describeSize })
  @ArrayMinSize(1, { message: describeSize })
  @IsArray({ message: 'reviews must be an array of review texts' })
  readonly reviews!: string[];
}
