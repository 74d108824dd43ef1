import { IsBoolean, IsIn, IsInt, IsRFC3339, IsString, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { HealthResponse, ModelInfoResponse } from '@marquee/contracts';

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

export class ModelInfoResponseDto implements ModelInfoResponse {
  @JSONSchema({ examples: ['artifacts/marquee'] })
  @IsString()
  readonly model_path!: string;

  @JSONSchema({ examples: ['distilbert'] })
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

  @JSONSchema({ examples: [22_713_218] })
  @IsInt()
  @Min(1)
  readonly parameters!: number;

  @JSONSchema({ examples: [22_713_218] })
  @IsInt()
  @Min(1)
  readonly trainable_parameters!: number;
}
