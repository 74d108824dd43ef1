import { IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsOptional, IsString, Min, ValidateBy } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS, SENTIMENTS, TEI_ERROR_TYPES } from '@marquee/contracts';
import type { LabelScore, Sentiment, TeiErrorResponse, TeiErrorType, TeiInfo } from '@marquee/contracts';
import { EXAMPLE_PREDICTION, EXAMPLE_REVIEW, EXAMPLE_VERSION } from './examples.js';
import { Omittable } from './omittable.js';

// Text Embeddings Inference at 0d124dc: router/src/http/types.rs, and router/src/lib.rs for Info.
// https://github.com/huggingface/text-embeddings-inference

/** A text, a pair of texts, or a batch of both: `"a"`, `["a"]`, `["a", "b"]`, `[["a"], ["b", "c"]]`. */
export type TeiInputs = string | readonly string[] | readonly (readonly string[])[];

export const TEI_INPUTS = 'teiInputs';

const TEXT = { type: 'string', minLength: 1, maxLength: LIMITS.maxReviewCharacters } as const;

/** No pairs: this model reads none, so that they are answered 422. */
export const TEI_INPUTS_SCHEMA = {
  oneOf: [
    { ...TEXT, description: 'A single string' },
    { type: 'array', minItems: 1, maxItems: 1, items: TEXT, description: 'A single string, too' },
    {
      type: 'array',
      minItems: 1,
      maxItems: LIMITS.maxBatchReviews,
      items: {
        type: 'array',
        minItems: 1,
        maxItems: 1,
        items: TEXT,
      },
      description: 'A batch',
    },
  ],
  examples: [EXAMPLE_REVIEW],
} as const;

const isStrings = (value: unknown, ...lengths: readonly number[]): boolean =>
  Array.isArray(value) && lengths.includes(value.length) && value.every((item) => typeof item === 'string');

function isTeiInputs(value: unknown): value is TeiInputs {
  if (typeof value === 'string' || isStrings(value, 1, 2)) return true;
  return Array.isArray(value) && value.length > 0 && value.every((item) => isStrings(item, 1, 2));
}

/** As in its deserializer, of which this is the message. */
const EXPECTATION =
  'inputs: expected a string, a pair of strings [string, string] or a batch of mixed strings and pairs [[string], [string, string], ...]';

function IsTeiInputs(): PropertyDecorator {
  return ValidateBy({ name: TEI_INPUTS, validator: { validate: isTeiInputs, defaultMessage: () => EXPECTATION } });
}

export class TeiPredictRequestDto {
  @IsTeiInputs()
  readonly inputs!: TeiInputs;

  @JSONSchema({
    description: 'Whether a text that is too long is cut (the default) or refused.',
    type: ['boolean', 'null'],
    examples: [true],
  })
  @IsOptional()
  @IsBoolean()
  readonly truncate?: boolean | null;

  @JSONSchema({ description: 'Where a text is cut is up to the model: `left` is refused.', examples: ['Right'] })
  @Omittable()
  @IsIn(['Right', 'right'])
  readonly truncation_direction?: 'Right' | 'right';

  @JSONSchema({
    description: 'Logits in place of probabilities. They are centered: those of the two labels sum to zero.',
    examples: [false],
  })
  @Omittable()
  @IsBoolean()
  readonly raw_scores?: boolean;
}

/** Of Text Embeddings Inference and of the Hugging Face pipelines alike. */
export class LabelScoreDto implements LabelScore {
  @JSONSchema({ examples: [EXAMPLE_PREDICTION.confidence] })
  @IsNumber()
  readonly score!: number;

  @JSONSchema({ examples: [EXAMPLE_PREDICTION.sentiment] })
  @IsIn(SENTIMENTS)
  readonly label!: Sentiment;
}

export class TeiInfoDto implements TeiInfo {
  @JSONSchema({ description: 'The folder of the model.', examples: ['artifacts/marquee'] })
  @IsString()
  readonly model_id!: string;

  @JSONSchema({ description: 'Version of the model.', examples: [EXAMPLE_VERSION] })
  @IsString()
  readonly model_sha!: string;

  @JSONSchema({ examples: ['int8'] })
  @IsString()
  readonly model_dtype!: string;

  @JSONSchema({ examples: ['marquee'] })
  @IsString()
  readonly served_model_name!: string;

  @JSONSchema({
    description: 'The labels of the model, both ways.',
    examples: [{ classifier: { id2label: { 0: 'negative', 1: 'positive' }, label2id: { negative: 0, positive: 1 } } }],
    additionalProperties: true,
  })
  @IsObject()
  readonly model_type!: Readonly<Record<string, unknown>>;

  @JSONSchema({ description: 'Reviews that wait at the most.', examples: [1024] })
  @IsInt()
  @Min(1)
  readonly max_concurrent_requests!: number;

  @JSONSchema({ description: 'Tokens that the model reads of a review.', examples: [512] })
  @IsInt()
  @Min(1)
  readonly max_input_length!: number;

  @JSONSchema({ description: 'Tokens of one run.', examples: [512] })
  @IsInt()
  @Min(1)
  readonly max_batch_tokens!: number;

  @JSONSchema({ description: 'Reviews of one run.', examples: [1] })
  @IsInt()
  @Min(1)
  readonly max_batch_requests!: number;

  @JSONSchema({ examples: [LIMITS.maxBatchReviews] })
  @IsInt()
  @Min(1)
  readonly max_client_batch_size!: number;

  @JSONSchema({ description: 'What is longer is cut.', examples: [true] })
  @IsBoolean()
  readonly auto_truncate!: boolean;

  @JSONSchema({ examples: [1] })
  @IsInt()
  @Min(1)
  readonly tokenization_workers!: number;

  @JSONSchema({ description: 'Of the API.', examples: ['1.0.0'] })
  @IsString()
  readonly version!: string;

  @JSONSchema({ type: 'null', examples: [null] })
  readonly sha!: null;

  @JSONSchema({ type: 'null', examples: [null] })
  readonly docker_label!: null;
}

export class TeiErrorResponseDto implements TeiErrorResponse {
  @JSONSchema({ examples: ['Input validation error: `inputs` cannot be empty'] })
  @IsString()
  readonly error!: string;

  @JSONSchema({ examples: ['Empty'] })
  @IsIn(TEI_ERROR_TYPES)
  readonly error_type!: TeiErrorType;
}
