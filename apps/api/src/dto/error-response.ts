import { IsIn, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { API_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode, ErrorResponse } from '@marquee/contracts';
import { EXAMPLE_REQUEST_ID } from './examples.js';

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

  @JSONSchema({ description: 'What to program against: it never changes its meaning.', examples: ['INVALID_REQUEST'] })
  @IsIn(Object.keys(API_ERRORS))
  readonly code!: ApiErrorCode;

  @JSONSchema({
    description: 'Names this request in the log of the server; also in the header X-Request-Id.',
    examples: [EXAMPLE_REQUEST_ID],
  })
  @IsString()
  readonly request_id!: string;
}
