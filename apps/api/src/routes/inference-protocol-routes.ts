import { LIMITS } from '@marquee/contracts';
import type {
  ApiErrorCode,
  InferenceModelMetadata,
  InferenceModelState,
  InferenceResponse,
  InferenceServerMetadata,
  InferenceServerState,
} from '@marquee/contracts';
import {
  INPUT_NAME,
  InferenceModelMetadataDto,
  InferenceModelStateDto,
  InferenceRequestDto,
  InferenceResponseDto,
  InferenceServerMetadataDto,
  InferenceServerStateDto,
} from '../dto/inference-protocol.js';
import { ApiError } from '../http/api-error.js';
import type { InferenceService, ServingModel } from '../inference/inference-service.js';
import { API_VERSION } from './api-version.js';
import { MAX_INFERENCE_BODY_BYTES, readTexts, writeOutputs } from './inference-tensors.js';
import type { OutputTensor } from './inference-tensors.js';
import { PREDICTION_ERRORS } from './prediction-routes.js';
import { assertReady } from './readiness.js';
import type { Route, RouteAnswer } from './route.js';

const JSON_LENGTH_HEADER = 'Inference-Header-Content-Length';

const MODEL_NAME = 'marquee';
const MODEL_PATH = `/v2/models/${MODEL_NAME}`;
const VERSION_PATH = `${MODEL_PATH}/versions/:version`;
const TAG = 'Open Inference Protocol';
const NOT_READY: readonly ApiErrorCode[] = ['MODEL_NOT_LOADED', 'SHUTTING_DOWN'];

const READ = { method: 'GET', tag: TAG, wire: 'v2' } as const;

/** The Open Inference Protocol: its paths with and without a version of the model. */
export function createInferenceProtocolRoutes(
  inference: InferenceService,
  isDraining: () => boolean,
): readonly Route[] {
  return [
    createServerMetadataRoute(),
    createServerLiveRoute(),
    createServerReadyRoute(inference, isDraining),
    ...[MODEL_PATH, VERSION_PATH].flatMap((path) => [
      createModelMetadataRoute(path, inference),
      createModelReadyRoute(path, inference, isDraining),
      createInferRoute(path, inference),
    ]),
  ];
}

function createServerMetadataRoute(): Route<object, InferenceServerMetadata> {
  return {
    ...READ,
    path: '/v2',
    operationId: 'v2ServerMetadata',
    summary: 'The server and its extensions',
    description: 'Name and version of the server, and the extensions of the protocol that it supports.',
    scope: 'predict',
    answers: { 200: { dto: InferenceServerMetadataDto, description: 'The server.' } },
    errors: [],
    async handle() {
      return { status: 200, body: { name: MODEL_NAME, version: API_VERSION, extensions: ['binary_tensor_data'] } };
    },
  };
}

function createServerLiveRoute(): Route<object, InferenceServerState> {
  return {
    ...READ,
    path: '/v2/health/live',
    operationId: 'v2ServerLive',
    summary: 'Whether the process answers',
    description: 'For a liveness probe.',
    scope: 'open',
    answers: { 200: { dto: InferenceServerStateDto, description: 'The process answers.' } },
    errors: [],
    async handle() {
      return { status: 200, body: { live: true } };
    },
  };
}

function createServerReadyRoute(
  inference: InferenceService,
  isDraining: () => boolean,
): Route<object, InferenceServerState> {
  return {
    ...READ,
    path: '/v2/health/ready',
    operationId: 'v2ServerReady',
    summary: 'Whether inference requests should be sent here',
    description: 'For a readiness probe: as `/readyz`.',
    scope: 'open',
    answers: { 200: { dto: InferenceServerStateDto, description: 'Every check passes.' } },
    errors: NOT_READY,
    async handle() {
      assertReady(inference, isDraining());
      return { status: 200, body: { live: true } };
    },
  };
}

function createModelMetadataRoute(path: string, inference: InferenceService): Route<object, InferenceModelMetadata> {
  return {
    ...READ,
    path,
    operationId: `v2Model${suffixOf(path)}Metadata`,
    summary: `The model, its inputs and outputs${ofVersion(path)}`,
    description: 'The input is the reviews; the outputs are a label and two probabilities of each.',
    scope: 'predict',
    answers: { 200: { dto: InferenceModelMetadataDto, description: 'The model.' } },
    errors: ['MODEL_NOT_LOADED', ...versionErrors(path)],
    async handle({ params }) {
      const { version } = modelOf(inference, params['version']);
      return {
        status: 200,
        body: {
          name: MODEL_NAME,
          versions: [version],
          platform: 'onnx_onnxv1',
          inputs: [{ name: INPUT_NAME, datatype: 'BYTES', shape: [-1] }],
          outputs: [
            { name: 'label', datatype: 'BYTES', shape: [-1] },
            { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
          ],
        },
      };
    },
  };
}

function createModelReadyRoute(
  path: string,
  inference: InferenceService,
  isDraining: () => boolean,
): Route<object, InferenceModelState> {
  return {
    ...READ,
    path: `${path}/ready`,
    operationId: `v2Model${suffixOf(path)}Ready`,
    summary: `Whether the model answers${ofVersion(path)}`,
    description: 'As `/v2/health/ready`, of the one model.',
    scope: 'predict',
    answers: { 200: { dto: InferenceModelStateDto, description: 'The model answers.' } },
    errors: [...NOT_READY, ...versionErrors(path)],
    async handle({ params }) {
      assertReady(inference, isDraining());
      modelOf(inference, params['version']);
      return { status: 200, body: { name: MODEL_NAME, ready: true } };
    },
  };
}

function createInferRoute(path: string, inference: InferenceService): Route<InferenceRequestDto, InferenceResponse> {
  return {
    method: 'POST',
    path: `${path}/infer`,
    operationId: `v2${suffixOf(path)}Infer`,
    tag: TAG,
    summary: `Sentiment of reviews, as tensors${ofVersion(path)}`,
    description: `Input \`text\` BYTES [n], n up to ${LIMITS.maxBatchReviews}; outputs \`label\` BYTES [n] and \`probabilities\` FP32 [n, 2] (negative, positive). Tensors may be binary: then the header ${JSON_LENGTH_HEADER} says where the JSON ends and their bytes begin.`,
    scope: 'predict',
    wire: 'v2',
    request: {
      dto: InferenceRequestDto,
      maxBytes: MAX_INFERENCE_BODY_BYTES,
      unknownFields: 'drop',
      jsonLengthHeader: JSON_LENGTH_HEADER,
    },
    answers: {
      200: {
        dto: InferenceResponseDto,
        description: 'The outputs; of binary ones the bytes follow the JSON.',
        others: { 'application/octet-stream': {} },
        headers: { [JSON_LENGTH_HEADER]: 'Bytes of the body that are JSON, when those of binary tensors follow.' },
      },
    },
    errors: [...PREDICTION_ERRORS, ...versionErrors(path)],
    async handle({ body, attachment, params, signal, deadlineMs }) {
      const texts = readTexts(body, attachment);
      if (params['version'] !== undefined) modelOf(inference, params['version']);
      const priority = texts.length === 1 ? 'single' : 'batch';
      const { predictions } = await inference.predict({ texts, priority, signal, deadlineMs });
      const version = predictions[0]?.modelVersion ?? '';
      assertVersion(version, params['version']); // another one may have taken over since
      const tensors = writeOutputs(body, predictions);
      const answer: InferenceResponse = {
        model_name: MODEL_NAME,
        model_version: version,
        ...(body.id !== undefined && { id: body.id }),
        outputs: tensors.map(({ output }) => output),
      };
      return toAnswer(answer, tensors);
    },
  };
}

/** JSON alone, or, when a tensor is binary, JSON and the bytes of the tensors. */
function toAnswer(body: InferenceResponse, tensors: readonly OutputTensor[]): RouteAnswer<InferenceResponse> {
  const parts = tensors.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
  if (parts.length === 0) return { status: 200, body };
  const json = Buffer.from(JSON.stringify(body));
  return {
    status: 200,
    headers: { 'Content-Type': 'application/octet-stream', [JSON_LENGTH_HEADER]: String(json.length) },
    body: Buffer.concat([json, ...parts]),
  };
}

function modelOf({ model }: InferenceService, asked: string | undefined): ServingModel {
  if (model === undefined) throw new ApiError('MODEL_NOT_LOADED', 'Model not loaded');
  assertVersion(model.version, asked);
  return model;
}

function assertVersion(version: string, asked: string | undefined): void {
  if (asked === undefined || asked === version) return;
  throw new ApiError('MODEL_NOT_FOUND', `Model "${MODEL_NAME}" is served in version ${version} only`);
}

const suffixOf = (path: string): string => (path === VERSION_PATH ? 'Version' : '');

/** What tells the summary of a path with a version from that of the same path without one. */
const ofVersion = (path: string): string => (path === VERSION_PATH ? ', by version' : '');

const versionErrors = (path: string): readonly ApiErrorCode[] => (path === VERSION_PATH ? ['MODEL_NOT_FOUND'] : []);
