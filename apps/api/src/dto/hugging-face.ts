import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, IsOptional, Min, ValidateBy, ValidateNested } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '@marquee/contracts';
import { EXAMPLE_REVIEW } from './examples.js';
import { Omittable } from './omittable.js';
import { REVIEW_TEXT_SCHEMA, describeTextFlaw } from './review-text.js';

// The text-classification task of Hugging Face: packages/tasks/src/tasks/text-classification/spec of huggingface.js.

export const HF_INPUTS = 'hfInputs';

/** A review, or several. */
export const HF_INPUTS_SCHEMA = {
  oneOf: [
    REVIEW_TEXT_SCHEMA,
    { type: 'array', minItems: 1, maxItems: LIMITS.maxBatchReviews, items: REVIEW_TEXT_SCHEMA },
  ],
  examples: [EXAMPLE_REVIEW],
} as const;

function describeFlaw(inputs: unknown): string | undefined {
  if (!Array.isArray(inputs)) return describeTextFlaw(inputs);
  if (inputs.length < 1 || inputs.length > LIMITS.maxBatchReviews) {
    return `inputs must be 1 to ${LIMITS.maxBatchReviews} reviews, got ${inputs.length}`;
  }
  const index = inputs.findIndex((input) => describeTextFlaw(input) !== undefined);
  return index < 0 ? undefined : `inputs[${index}]: ${describeTextFlaw(inputs[index]) ?? ''}`;
}

function IsHuggingFaceInputs(): PropertyDecorator {
  const validator = {
    validate: (value: unknown): boolean => describeFlaw(value) === undefined,
    defaultMessage: (args?: ValidationArguments): string => describeFlaw(args?.value) ?? '',
  };
  return ValidateBy({ name: HF_INPUTS, validator });
}

const SCORE_FUNCTIONS = ['softmax', 'sigmoid', 'none'] as const;

export class HuggingFaceParametersDto {
  @JSONSchema({
    description: 'So many of the likeliest labels; all of them when left out.',
    type: ['integer', 'null'],
    examples: [2],
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  readonly top_k?: number | null;

  @JSONSchema({
    description: 'What becomes of the logits; `softmax` when left out.',
    type: ['string', 'null'],
    enum: [...SCORE_FUNCTIONS, null],
    examples: ['softmax'],
  })
  @IsOptional()
  @IsIn(SCORE_FUNCTIONS)
  readonly function_to_apply?: (typeof SCORE_FUNCTIONS)[number] | null;
}

export class HuggingFaceRequestDto {
  @IsHuggingFaceInputs()
  readonly inputs!: string | string[];

  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => HuggingFaceParametersDto)
  readonly parameters?: HuggingFaceParametersDto;
}
