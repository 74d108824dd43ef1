import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { ErrorResponse } from '@marquee/contracts';

export class ErrorResponseDto implements ErrorResponse {
  @JSONSchema({ description: 'The kind of error.', examples: ['Validation error'] })
  @IsString()
  readonly error!: string;

  @JSONSchema({
    description: 'What was wrong this time, and what was expected.',
    examples: ['Review text cannot be empty or whitespace only'],
  })
  @IsString()
  readonly detail!: string;
}
