import { API_VERSION } from '../routes/api-version.js';
import type { AnswerShape, AnswerSpec, Route } from '../routes/route.js';
import { TAGS } from '../routes/tags.js';
import { HEADERS, toErrorAnswers, toExamples } from './error-answers.js';
import { buildSchemas, schemaOf } from './schemas.js';

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

type Components = Readonly<Record<'schemas' | 'headers' | 'parameters' | 'securitySchemes', Record<string, object>>>;

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: object;
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Components;
}

/** In Markdown. */
const DESCRIPTION = `Whether a movie review is positive or negative, how sure the model is of it, and which words speak for it.

Where the server asks for a key, it is sent as \`Authorization: Bearer KEY\` or as \`X-API-Key: KEY\`. An answer that is not 2xx says in \`detail\` what was
wrong and in \`code\` what to program against; the protocols of others have their own forms. \`X-Request-Id\` names a request in the log of the server.`;

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A key, as `Authorization: Bearer KEY`.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'A key, as `X-API-Key: KEY`.' },
} as const;

const PARAMETERS = {
  RequestTimeout: {
    name: 'X-Request-Timeout-Ms',
    in: 'header',
    description:
      'Milliseconds after which the answer is of no use any more. The server has a limit of its own, 30,000 by default, which more than that does not raise.',
    schema: { type: 'integer', minimum: 1000 },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description: 'An id for this request, which comes back in the answer; one that is no short token is replaced.',
    schema: { type: 'string' },
  },
} as const;

/** What stands for the `:names` of paths. */
const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  version: 'The version that is to answer: any other than the one that serves is refused.',
};

/** Writes the OpenAPI 3.1 document of a route table: schemas from the decorators of the DTO classes, paths from the rows. */
export function buildOpenApiDocument(routes: readonly Route[]): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = toTemplate(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Marquee',
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: buildSchemas(),
      headers: { ...HEADERS },
      parameters: { ...PARAMETERS },
      securitySchemes: { ...SECURITY_SCHEMES },
    },
  };
}

/** `/models/:version` of Express is `/models/{version}` of OpenAPI. */
const toTemplate = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

function toOperation(route: Route): Operation {
  const { operationId, tag, summary, description, scope, request } = route;
  const answers = Object.entries(route.answers).map(([status, answer]) => [status, toAnswer(answer)] as const);
  return {
    operationId,
    tags: [tag],
    summary,
    description: scope === 'open' ? description : `${description} Asks for a key with the scope \`${scope}\`.`,
    security: scope === 'open' ? [] : Object.keys(SECURITY_SCHEMES).map((scheme) => ({ [scheme]: [scope] })),
    parameters: toParameters(route),
    ...(request && { requestBody: { required: true, content: toRequestContent(request) } }),
    responses: { ...toErrorAnswers(route), ...Object.fromEntries(answers) },
  };
}

function toParameters({ path, request }: Route): readonly object[] {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  return [
    ...names.map((name = '') => {
      return {
        name,
        in: 'path',
        description: PATH_PARAMETERS[name],
        required: true,
        schema: { type: 'string', minLength: 1 },
      };
    }),
    ...Object.keys(PARAMETERS).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ...(request?.jsonLengthHeader === undefined ? [] : [toJsonLengthParameter(request.jsonLengthHeader)]),
  ];
}

function toJsonLengthParameter(name: string): object {
  const description = 'Bytes of the body that are JSON, when those of binary tensors follow.';
  return { name, in: 'header', description, schema: { type: 'integer', minimum: 2 } };
}

function toRequestContent({ dto, jsonLengthHeader }: NonNullable<Route['request']>): object {
  const json = { 'application/json': { schema: schemaOf(dto) } };
  return jsonLengthHeader === undefined ? json : { ...json, 'application/octet-stream': {} };
}

function toAnswer({ description, dto, shapes = ['object'], examples, others = {}, headers = {} }: AnswerSpec): object {
  const json = dto && {
    'application/json': {
      schema: toSchema(schemaOf(dto), shapes),
      ...(examples && { examples: toExamples(examples) }),
    },
  };
  const content = { ...json, ...others };
  const documented = Object.entries(headers).map(
    ([name, text]) => [name, { description: text, schema: { type: 'string' } }] as const,
  );
  return {
    description,
    headers: { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' }, ...Object.fromEntries(documented) },
    ...(Object.keys(content).length > 0 && { content }),
  };
}

const SHAPES: Readonly<Record<AnswerShape, (schema: object) => object>> = {
  object: (schema) => schema,
  list: (items) => ({ type: 'array', items }),
  'list of lists': (items) => ({ type: 'array', items: { type: 'array', items } }),
};

function toSchema(schema: object, shapes: readonly AnswerShape[]): object {
  const [first, ...rest] = shapes.map((shape) => SHAPES[shape](schema));
  return rest.length === 0 && first !== undefined ? first : { oneOf: [first, ...rest] };
}
