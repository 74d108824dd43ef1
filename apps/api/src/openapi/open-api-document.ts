import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { API_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import { ErrorResponseDto } from '../dto/error-response.js';
import { REVIEW_TEXT, REVIEW_TEXT_SCHEMA } from '../dto/review-text.js';
import type { Dto } from '../http/validate-body.js';
import type { Route } from '../routes/route.js';

const API_VERSION = '1.0.0';
const SCHEMAS = '#/components/schemas/';

interface MediaAnswer {
  readonly description: string;
  readonly content: { readonly 'application/json': { readonly schema: object } };
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, MediaAnswer>>;
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Writes the OpenAPI 3.1 document of a route table: schemas from the decorators of the DTO classes, paths from the rows. */
export function buildOpenApiDocument(routes: readonly Route[]): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: toOperation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Marquee', version: API_VERSION, description: 'Sentiment of movie reviews.' },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: buildSchemas() },
  };
}

function buildSchemas(): Record<string, object> {
  return validationMetadatasToSchemas({
    refPointerPrefix: SCHEMAS,
    classTransformerMetadataStorage: defaultMetadataStorage,
    additionalConverters: { [REVIEW_TEXT]: { ...REVIEW_TEXT_SCHEMA } },
  });
}

function toOperation(route: Route): Operation {
  const { operationId, tag, summary, description, request } = route;
  const answers = Object.entries(route.answers).map(
    ([status, { dto, description }]) => [status, toMediaAnswer(description, dto)] as const,
  );
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    ...(request && { requestBody: { required: true, content: toContent(request.dto) } }),
    responses: { ...toErrorAnswers(route.errors), ...Object.fromEntries(answers) },
  };
}

/** One answer a status: several codes may share one. */
function toErrorAnswers(codes: readonly ApiErrorCode[]): Record<string, MediaAnswer> {
  const answers = codes.map((code) => {
    const { status, error } = API_ERRORS[code];
    return [String(status), toMediaAnswer(error, ErrorResponseDto)] as const;
  });
  return Object.fromEntries(answers);
}

function toMediaAnswer(description: string, dto: Dto<object>): MediaAnswer {
  return { description, content: toContent(dto) };
}

function toContent(dto: Dto<object>): MediaAnswer['content'] {
  return { 'application/json': { schema: { $ref: `${SCHEMAS}${dto.name}` } } };
}
