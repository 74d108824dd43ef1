import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { ReloadResponse } from '@marquee/contracts';
import { EXAMPLE_VERSION } from './examples.js';

export class ReloadResponseDto implements ReloadResponse {
  @JSONSchema({ examples: ['artifacts/marquee'] })
  @IsString()
  readonly model_path!: string;

  @JSONSchema({ description: 'Version of the model that serves from now on.', examples: [EXAMPLE_VERSION] })
  @IsString()
  readonly model_version!: string;
}
