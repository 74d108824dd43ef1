import { IsBoolean, IsIn, IsInt, IsRFC3339, IsString, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { INT8_GUARDS, MODEL_KINDS } from '@marquee/contracts';
import type { HealthResponse, LiveResponse, ModelInfoResponse, ModelKind, ReadyResponse } from '@marquee/contracts';
import { EXAMPLE_VERSION } from './examples.js';
import { Omittable } from './omittable.js';

export class HealthResponseDto implements HealthResponse {
  @JSONSchema({ description: '`healthy` exactly when a prediction would be answered.', examples: ['healthy'] })
  @IsIn(['healthy', 'unhealthy'])
  readonly status!: 'healthy' | 'unhealthy';

  @JSONSchema({ examples: [true] })
  @IsBoolean()
  readonly model_loaded!: boolean;

  @JSONSchema({ description: '`cpu`, or `cuda:` and the index of the device.', examples: ['cpu'] })
  @IsString()
  readonly device!: string;

  @JSONSchema({ format: 'date-time', examples: ['2025-10-24T10:30:00.000000+00:00'] })
  @IsRFC3339()
  readonly timestamp!: string;
}

export class LiveResponseDto implements LiveResponse {
  @JSONSchema({ examples: ['alive'] })
  @IsIn(['alive'])
  readonly status!: 'alive';
}

export class ReadyResponseDto implements ReadyResponse {
  @JSONSchema({ examples: ['ready'] })
  @IsIn(['ready'])
  readonly status!: 'ready';

  @JSONSchema({ description: 'Version of the model that answers.', examples: [EXAMPLE_VERSION] })
  @IsString()
  readonly model_version!: string;
}

export class ModelInfoResponseDto implements ModelInfoResponse {
  @JSONSchema({ examples: ['artifacts/marquee'] })
  @IsString()
  readonly model_path!: string;

  @JSONSchema({ examples: ['cascade'] })
  @IsString()
  readonly model_type!: string;

  @JSONSchema({ examples: [2] })
  // @IsInt first: the schema takes the type of the first decorator, and @Min says number.
  @IsInt()
  @Min(2)
  readonly num_labels!: number;

  @JSONSchema({ description: 'Tokens that the model reads of a review; the rest is cut.', examples: [512] })
  @IsInt()
  @Min(3)
  readonly max_length!: number;

  @JSONSchema({ description: '`cpu`, or `cuda:` and the index of the device.', examples: ['cpu'] })
  @IsString()
  readonly device!: string;

  @JSONSchema({ examples: [23_761_795] })
  @IsInt()
  @Min(1)
  readonly parameters!: number;

  @JSONSchema({ examples: [23_761_795] })
  @IsInt()
  @Min(1)
  readonly trainable_parameters!: number;

  @JSONSchema({
    description: 'Version of the model, as each prediction names it.',
    examples: [EXAMPLE_VERSION],
  })
  @IsString()
  readonly model_version!: string;

  @JSONSchema({ examples: ['cascade'] })
  @IsIn(MODEL_KINDS)
  readonly kind!: ModelKind;

  @JSONSchema({ description: 'The graph that runs. Absent where no transformer answers.', examples: ['int8'] })
  @Omittable()
  @IsIn(['int8', 'fp32'])
  readonly graph?: 'int8' | 'fp32';

  @JSONSchema({
    description: 'Why this device and graph were chosen, when others could have been.',
    examples: ['CUDA runs graph "fp32" only, "int8" was asked for'],
  })
  @Omittable()
  @IsString()
  readonly reason?: string;

  @JSONSchema({
    description:
      'Why sums of int8 products do not overflow: no weight is large enough, the CPU adds them in 32 bits, or the runtime was told to be exact. Absent where no int8 graph runs.',
    examples: ['weights'],
  })
  @Omittable()
  @IsIn(INT8_GUARDS)
  readonly int8_guard?: (typeof INT8_GUARDS)[number];

  @JSONSchema({ examples: ['onnxruntime-node 1.30.0'] })
  @IsString()
  readonly runtime!: string;
}
