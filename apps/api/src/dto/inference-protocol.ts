import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '@marquee/contracts';
import type {
  InferenceError,
  InferenceModelMetadata,
  InferenceModelState,
  InferenceOutput,
  InferenceResponse,
  InferenceServerMetadata,
  InferenceServerState,
  TensorMetadata,
} from '@marquee/contracts';
import { EXAMPLE_PREDICTION, EXAMPLE_REVIEW, EXAMPLE_VERSION } from './examples.js';
import { Omittable } from './omittable.js';
import { IsReviewText } from './review-text.js';

// The Open Inference Protocol, version 2, and Triton's binary tensor data extension.
// https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md

export const INPUT_NAME = 'text';
export const OUTPUT_NAMES = ['label', 'probabilities'] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];

type Parameters = Readonly<Record<string, unknown>>;

export class InferenceInputDto {
  @JSONSchema({ examples: [INPUT_NAME] })
  @IsIn([INPUT_NAME])
  readonly name!: string;

  @JSONSchema({
    description: 'One dimension: the number of reviews, as many as `data` holds.',
    examples: [[1]],
    items: { type: 'integer', minimum: 1, maximum: LIMITS.maxBatchReviews },
  })
  @Max(LIMITS.maxBatchReviews, { each: true })
  @Min(1, { each: true })
  @IsInt({ each: true })
  @ArrayMaxSize(1)
  @ArrayMinSize(1)
  @IsArray()
  readonly shape!: number[];

  @JSONSchema({ examples: ['BYTES'] })
  @IsIn(['BYTES'])
  readonly datatype!: string;

  @JSONSchema({
    description: '`binary_data_size`: the bytes of this tensor that follow the JSON, in place of `data`.',
    examples: [{}],
    additionalProperties: true,
  })
  @Omittable()
  @IsObject()
  readonly parameters?: Parameters;

  @JSONSchema({ description: 'The reviews, in UTF-8.', examples: [[EXAMPLE_REVIEW]] })
  @Omittable()
  @IsReviewText({ each: true })
  @ArrayMaxSize(LIMITS.maxBatchReviews)
  @ArrayMinSize(1)
  @IsArray()
  readonly data?: string[];
}

export class InferenceRequestedOutputDto {
  @JSONSchema({ examples: ['probabilities'] })
  @IsIn(OUTPUT_NAMES)
  readonly name!: OutputName;

  @JSONSchema({
    description: '`binary_data`: whether the bytes of this tensor shall follow the JSON, in place of `data`.',
    examples: [{ binary_data: false }],
    additionalProperties: true,
  })
  @Omittable()
  @IsObject()
  readonly parameters?: Parameters;
}

export class InferenceRequestDto {
  @JSONSchema({ description: 'Comes back in the answer.', examples: ['42'] })
  @Omittable()
  @IsString()
  readonly id?: string;

  @JSONSchema({
    description: '`binary_data_output`: whether outputs that do not say otherwise shall be binary.',
    examples: [{ binary_data_output: false }],
    additionalProperties: true,
  })
  @Omittable()
  @IsObject()
  readonly parameters?: Parameters;

  @ValidateNested({ each: true })
  @Type(() => InferenceInputDto)
  @ArrayMaxSize(1)
  @ArrayMinSize(1)
  @IsArray()
  readonly inputs!: InferenceInputDto[];

  @JSONSchema({
    description: 'The outputs that are wanted; all of them when left out.',
    examples: [OUTPUT_NAMES.map((name) => ({ name }))],
  })
  @Omittable()
  @ValidateNested({ each: true })
  @Type(() => InferenceRequestedOutputDto)
  @ArrayMaxSize(OUTPUT_NAMES.length)
  @IsArray()
  readonly outputs?: InferenceRequestedOutputDto[];
}

export class InferenceOutputDto implements InferenceOutput {
  @JSONSchema({ examples: ['probabilities'] })
  @IsIn(OUTPUT_NAMES)
  readonly name!: OutputName;

  @JSONSchema({ examples: [[1, 2]] })
  @IsInt({ each: true })
  @IsArray()
  readonly shape!: readonly number[];

  @JSONSchema({ examples: ['FP32'] })
  @IsIn(['BYTES', 'FP32'])
  readonly datatype!: 'BYTES' | 'FP32';

  @JSONSchema({ description: '`binary_data_size`, of a binary output.', examples: [{}] })
  @Omittable()
  @IsObject()
  readonly parameters?: Parameters;

  @JSONSchema({
    description: 'Row by row; absent from a binary output.',
    items: { type: ['string', 'number'] },
    examples: [Object.values(EXAMPLE_PREDICTION.probabilities)],
  })
  @Omittable()
  @IsArray()
  readonly data?: readonly (string | number)[];
}

export class InferenceResponseDto implements InferenceResponse {
  @JSONSchema({ examples: ['marquee'] })
  @IsString()
  readonly model_name!: string;

  @JSONSchema({ examples: [EXAMPLE_VERSION] })
  @IsString()
  readonly model_version!: string;

  @JSONSchema({ description: 'The one of the request, if it had one.', examples: ['42'] })
  @Omittable()
  @IsString()
  readonly id?: string;

  @JSONSchema({
    description: 'Those that were asked for; of binary ones without `data`.',
    examples: [
      [
        { name: 'label', shape: [1], datatype: 'BYTES', data: [EXAMPLE_PREDICTION.sentiment] },
        {
          name: 'probabilities',
          shape: [1, 2],
          datatype: 'FP32',
          data: Object.values(EXAMPLE_PREDICTION.probabilities),
        },
      ],
    ],
  })
  @ValidateNested({ each: true })
  @Type(() => InferenceOutputDto)
  @IsArray()
  readonly outputs!: InferenceOutputDto[];
}

export class TensorMetadataDto implements TensorMetadata {
  @JSONSchema({ examples: ['text'] })
  @IsString()
  readonly name!: string;

  @JSONSchema({ examples: ['BYTES'] })
  @IsString()
  readonly datatype!: string;

  @JSONSchema({ description: '−1 stands for any size.', examples: [[-1]] })
  @IsInt({ each: true })
  @IsArray()
  readonly shape!: readonly number[];
}

export class InferenceModelMetadataDto implements InferenceModelMetadata {
  @JSONSchema({ examples: ['marquee'] })
  @IsString()
  readonly name!: string;

  @JSONSchema({ examples: [[EXAMPLE_VERSION]] })
  @IsString({ each: true })
  @IsArray()
  readonly versions!: readonly string[];

  @JSONSchema({ examples: ['onnx_onnxv1'] })
  @IsString()
  readonly platform!: string;

  @ValidateNested({ each: true })
  @Type(() => TensorMetadataDto)
  @IsArray()
  readonly inputs!: readonly TensorMetadataDto[];

  @JSONSchema({
    examples: [
      [
        { name: 'label', datatype: 'BYTES', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
    ],
  })
  @ValidateNested({ each: true })
  @Type(() => TensorMetadataDto)
  @IsArray()
  readonly outputs!: readonly TensorMetadataDto[];
}

export class InferenceServerMetadataDto implements InferenceServerMetadata {
  @JSONSchema({ examples: ['marquee'] })
  @IsString()
  readonly name!: string;

  @JSONSchema({ description: 'Of the API.', examples: ['1.0.0'] })
  @IsString()
  readonly version!: string;

  @JSONSchema({ examples: [['binary_tensor_data']] })
  @IsString({ each: true })
  @IsArray()
  readonly extensions!: readonly string[];
}

export class InferenceServerStateDto implements InferenceServerState {
  @JSONSchema({ examples: [true] })
  @IsBoolean()
  readonly live!: boolean;
}

export class InferenceModelStateDto implements InferenceModelState {
  @JSONSchema({ examples: ['marquee'] })
  @IsString()
  readonly name!: string;

  @JSONSchema({ examples: [true] })
  @IsBoolean()
  readonly ready!: boolean;
}

export class InferenceErrorDto implements InferenceError {
  @JSONSchema({ description: 'What was wrong, and what was expected.', examples: ['Model not loaded'] })
  @IsString()
  readonly error!: string;
}
