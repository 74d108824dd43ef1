import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { ReloadResponse } from '@marquee/contracts';

export class ReloadResponseDto implements ReloadResponse {
  @JSONSchema({ examples: ['artifacts/marquee'] })
  @IsString()
  readonly model_path!: string;

  @JSONSchema({ description: 'Version of the model that serves from now on.', examples: ['cd17a3f5ec11'] })
  @IsString()
  readonly model_version!: string;
}
