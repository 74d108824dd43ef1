import { LIMITS } from '@marquee/contracts';
import type { InferenceOutput } from '@marquee/contracts';
import { OUTPUT_NAMES } from '../dto/inference-protocol.js';
import type { InferenceInputDto, InferenceRequestDto, OutputName } from '../dto/inference-protocol.js';
import { describeTextFlaw } from '../dto/review-text.js';
import { ApiError } from '../http/api-error.js';
import type { ServedPrediction } from '../inference/inference-service.js';
import { decodeBytesTensor, encodeBytesTensor, encodeFloatTensor } from './tensor-bytes.js';

/** Parameters of Triton's that would change an answer and that this server has no part of. */
const UNSUPPORTED_PARAMETERS = ['classification', 'shared_memory_region'] as const;

const invalid = (detail: string): ApiError => new ApiError('INVALID_REQUEST', detail);

/**
 * The reviews of a request: of its JSON, or of the bytes that follow the JSON. Throws ApiError INVALID_REQUEST or
 * MALFORMED_BODY for what does not fit the shape, and for texts that are no reviews.
 */
export function readTexts({ inputs, outputs = [] }: InferenceRequestDto, attachment: Uint8Array): readonly string[] {
  const [input] = inputs;
  if (input === undefined) throw new Error('bug: a request without input passed its validation');
  for (const { name, parameters = {} } of [input, ...outputs]) {
    const unsupported = UNSUPPORTED_PARAMETERS.find((parameter) => parameters[parameter] !== undefined);
    if (unsupported !== undefined) throw invalid(`Parameter "${unsupported}" of "${name}" is not supported`);
  }
  return input.parameters?.['binary_data_size'] === undefined
    ? readJsonTexts(input, attachment)
    : readBinaryTexts(input, attachment);
}

function readJsonTexts({ shape: [count = 0], data }: InferenceInputDto, attachment: Uint8Array): readonly string[] {
  if (data === undefined) throw invalid('Input "text" has neither data nor parameter "binary_data_size"');
  if (attachment.length > 0) throw invalid(`${attachment.length} bytes follow the JSON, and belong to no input`);
  if (data.length === count) return data;
  throw invalid(`Input "text" has shape [${count}], but ${data.length} texts`);
}

function readBinaryTexts({ shape: [count = 0], data, parameters }: InferenceInputDto, bytes: Uint8Array): string[] {
  if (data !== undefined) throw invalid('Input "text" has both data and parameter "binary_data_size"');
  if (parameters?.['binary_data_size'] !== bytes.length) {
    throw invalid(`Parameter "binary_data_size" must be the number of bytes that follow the JSON, ${bytes.length}`);
  }
  const texts = decodeBytesTensor(bytes, count);
  texts.forEach((text, index) => {
    const flaw = describeTextFlaw(text);
    if (flaw !== undefined) throw invalid(`data[${index}]: ${flaw}`);
  });
  return texts;
}

/** An output, and its bytes when it was asked for in binary. */
export interface OutputTensor {
  readonly output: InferenceOutput;
  readonly bytes?: Buffer;
}

interface RequestedOutput {
  readonly name: OutputName;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The outputs that were asked for, in that order; all of them when none was named. */
export function writeOutputs(
  { outputs, parameters }: InferenceRequestDto,
  predictions: readonly ServedPrediction[],
): readonly OutputTensor[] {
  const byDefault = parameters?.['binary_data_output'] === true;
  const wanted: readonly RequestedOutput[] = outputs?.length ? outputs : OUTPUT_NAMES.map((name) => ({ name }));
  return wanted.map((request) => {
    const binary = request.parameters?.['binary_data'];
    return WRITERS[request.name](predictions, typeof binary === 'boolean' ? binary : byDefault);
  });
}

const WRITERS: Readonly<
  Record<OutputName, (predictions: readonly ServedPrediction[], isBinary: boolean) => OutputTensor>
> = {
  label: (predictions, isBinary) => {
    const labels = predictions.map(({ sentiment }) => sentiment);
    const tensor = { name: 'label', shape: [labels.length], datatype: 'BYTES' } as const;
    return isBinary ? toBinary(tensor, encodeBytesTensor(labels)) : { output: { ...tensor, data: labels } };
  },
  probabilities: (predictions, isBinary) => {
    // [n, 2], row by row, in the order of the labels
    const values = Float32Array.from(
      predictions.flatMap(({ probabilities: { negative, positive } }) => [negative, positive]),
    );
    const tensor = { name: 'probabilities', shape: [predictions.length, 2], datatype: 'FP32' } as const;
    return isBinary ? toBinary(tensor, encodeFloatTensor(values)) : { output: { ...tensor, data: [...values] } };
  },
};

function toBinary(tensor: InferenceOutput, bytes: Buffer): OutputTensor {
  return { output: { ...tensor, parameters: { binary_data_size: bytes.length } }, bytes };
}

/** The largest legal body: 32 reviews with escapes, or their bytes, and the JSON around them. */
export const MAX_INFERENCE_BODY_BYTES = LIMITS.maxBatchBodyBytes;
