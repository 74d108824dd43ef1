import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post, send, startTinyService } from './support/service.js';
import type { TinyService } from './support/service.js';

const LENGTH_HEADER = 'Inference-Header-Content-Length';
const INFER = '/v2/models/marquee/infer';

let service: TinyService;
let version: string;
beforeAll(async () => {
  service = await startTinyService();
  version = service.version;
});
afterAll(() => service[Symbol.asyncDispose]());

/** A tensor of one text or more, as JSON. */
const textInput = (...data: string[]) => ({ name: 'text', shape: [data.length], datatype: 'BYTES', data });

const infer = (body: unknown, path = INFER) => post(`${service.url}${path}`, body);

interface BinaryAnswer {
  readonly status: number;
  readonly json: { readonly outputs: readonly { name: string; parameters?: { binary_data_size: number } }[] };
  readonly tail: Buffer;
}

/** Sends JSON and bytes as Triton's clients do, and divides the answer where its header says. */
async function inferBinary(json: unknown, tail: Buffer, headers: Record<string, string> = {}): Promise<BinaryAnswer> {
  const head = Buffer.from(JSON.stringify(json));
  const response = await fetch(`${service.url}${INFER}`, {
    method: 'POST',
    headers: { [LENGTH_HEADER]: String(head.length), ...headers },
    body: Buffer.concat([head, tail]),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get(LENGTH_HEADER) ?? bytes.length);
  const answer = JSON.parse(bytes.subarray(0, length).toString()) as BinaryAnswer['json'];
  return { status: response.status, json: answer, tail: bytes.subarray(length) };
}

/** Lengths of 4 bytes, little-endian, each before its text. */
function bytesTensor(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => [Buffer.from(Uint32Array.of(Buffer.byteLength(text)).buffer), Buffer.from(text)]),
  );
}

const binaryInput = (count: number, size: number) => ({
  name: 'text',
  shape: [count],
  datatype: 'BYTES',
  parameters: { binary_data_size: size },
});

describe('metadata', () => {
  test('names the server, its extension, and the tensors of the model', async () => {
    expect(await send(`${service.url}/v2`)).toMatchObject({
      status: 200,
      body: { name: 'marquee', version: '1.0.0', extensions: ['binary_tensor_data'] },
    });
    const model = {
      name: 'marquee',
      versions: [version],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
    };
    for (const path of ['/v2/models/marquee', `/v2/models/marquee/versions/${version}`]) {
      expect(await send(`${service.url}${path}`)).toMatchObject({ status: 200, body: model });
    }
  });

  test('says live and ready', async () => {
    expect((await send(`${service.url}/v2/health/live`)).body).toEqual({ live: true });
    expect((await send(`${service.url}/v2/health/ready`)).body).toEqual({ live: true });
    for (const path of ['/v2/models/marquee/ready', `/v2/models/marquee/versions/${version}/ready`]) {
      expect((await send(`${service.url}${path}`)).body).toEqual({ name: 'marquee', ready: true });
    }
  });
});

describe('infer with JSON', () => {
  test('answers labels and probabilities, and gives the id back', async () => {
    const { status, body } = await infer({ id: '42', inputs: [textInput('good', 'bad')] });
    expect(status).toBe(200);
    expect(body).toEqual({
      model_name: 'marquee',
      model_version: version,
      id: '42',
      outputs: [
        { name: 'label', shape: [2], datatype: 'BYTES', data: ['positive', 'negative'] },
        { name: 'probabilities', shape: [2, 2], datatype: 'FP32', data: expect.any(Array) },
      ],
    });
    const [, probabilities] = (body as { outputs: { data: number[] }[] }).outputs;
    expect(probabilities?.data).toHaveLength(4);
    for (const value of probabilities?.data ?? []) expect(Math.fround(value)).toBe(value);
  });

  test('answers the outputs that were asked for, in that order', async () => {
    const outputs = [{ name: 'probabilities' }, { name: 'label' }];
    const { body } = await infer({ inputs: [textInput('good')], outputs });
    expect(body).toMatchObject({ outputs });
    expect(body).not.toHaveProperty('id');
  });

  test('takes the version in the path, and refuses another', async () => {
    const body = { inputs: [textInput('good')] };
    expect(await infer(body, `/v2/models/marquee/versions/${version}/infer`)).toMatchObject({
      status: 200,
      body: { model_version: version },
    });
    expect(await infer(body, '/v2/models/marquee/versions/7/infer')).toMatchObject({
      status: 404,
      body: { error: `Model "marquee" is served in version ${version} only` },
    });
  });

  test('ignores what later versions of the protocol may add', async () => {
    const body = { inputs: [{ ...textInput('good'), novelty: 1 }], novelty: {}, parameters: { priority: 1 } };
    expect((await infer(body)).status).toBe(200);
  });

  test.each([
    ['no input', { inputs: [] }],
    ['two inputs', { inputs: [textInput('good'), textInput('bad')] }],
    ['another name', { inputs: [{ ...textInput('good'), name: 'review' }] }],
    ['another type', { inputs: [{ ...textInput('good'), datatype: 'FP32' }] }],
    ['a shape of two dimensions', { inputs: [{ ...textInput('good'), shape: [1, 1] }] }],
    ['a shape that is not the data’s', { inputs: [{ ...textInput('good'), shape: [2] }] }],
    ['no data', { inputs: [{ name: 'text', shape: [1], datatype: 'BYTES' }] }],
    ['33 reviews', { inputs: [textInput(...Array<string>(33).fill('good'))] }],
    ['a blank review', { inputs: [textInput('good', ' ')] }],
    ['a number as a review', { inputs: [{ ...textInput('good'), data: [5] }] }],
    ['an unknown output', { inputs: [textInput('good')], outputs: [{ name: 'logits' }] }],
    [
      'a classification',
      { inputs: [textInput('good')], outputs: [{ name: 'label', parameters: { classification: 1 } }] },
    ],
  ])('refuses %s', async (_, body) => {
    expect(await infer(body)).toEqual({ status: 400, headers: expect.anything(), body: { error: expect.any(String) } });
  });
});

describe('infer with binary tensors', () => {
  test('reads what tritonclient sends at its defaults, and answers all outputs in binary', async () => {
    const file = await readFile(new URL('./fixtures/triton-request.json', import.meta.url), 'utf8');
    const { headers, body } = JSON.parse(file) as { headers: Record<string, string>; body: string };
    const response = await fetch(`${service.url}${INFER}`, {
      method: 'POST',
      headers,
      body: Buffer.from(body, 'base64'),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const jsonLength = Number(response.headers.get(LENGTH_HEADER));
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream');
    expect(JSON.parse(bytes.subarray(0, jsonLength).toString())).toEqual({
      model_name: 'marquee',
      model_version: version,
      id: '42',
      outputs: [
        { name: 'label', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 24 } },
        { name: 'probabilities', shape: [2, 2], datatype: 'FP32', parameters: { binary_data_size: 16 } },
      ],
    });
    expect(bytes.subarray(jsonLength, jsonLength + 24)).toEqual(bytesTensor('positive', 'negative'));
    const tail = bytes.subarray(jsonLength + 24);
    const [negative, positive] = [tail.readFloatLE(0), tail.readFloatLE(4)] as const;
    expect(tail).toHaveLength(16);
    expect(positive).toBeGreaterThan(0.5);
    expect(negative + positive).toBeCloseTo(1, 6);
  });

  test('gives the same numbers in binary as in JSON', async () => {
    const json = await infer({ inputs: [textInput('good')], outputs: [{ name: 'probabilities' }] });
    const [output] = (json.body as { outputs: { data: number[] }[] }).outputs;
    const tensor = bytesTensor('good');
    const outputs = [{ name: 'probabilities', parameters: { binary_data: true } }];
    const { tail } = await inferBinary({ inputs: [binaryInput(1, tensor.length)], outputs }, tensor);
    expect([tail.readFloatLE(0), tail.readFloatLE(4)]).toEqual(output?.data);
  });

  test('lets each output be binary or not', async () => {
    const outputs = [{ name: 'label', parameters: { binary_data: false } }, { name: 'probabilities' }];
    const body = { inputs: [textInput('good')], outputs, parameters: { binary_data_output: true } };
    const { json, tail } = await inferBinary(body, Buffer.alloc(0));
    expect(json.outputs).toMatchObject([{ data: ['positive'] }, { parameters: { binary_data_size: 8 } }]);
    expect(tail).toHaveLength(8);
  });

  const good = bytesTensor('good');
  test.each<[title: string, input: object, tail: Buffer]>([
    ['a size that is not that of the bytes', binaryInput(1, good.length + 1), good],
    ['fewer texts than the shape says', binaryInput(2, good.length), good],
    ['more texts than the shape says', binaryInput(1, good.length * 2), Buffer.concat([good, good])],
    ['a text longer than the bytes', binaryInput(1, 5), Buffer.from([200, 0, 0, 0, 97])],
    ['a length that is cut', binaryInput(2, good.length + 2), Buffer.concat([good, Buffer.alloc(2)])],
    ['a text that is not UTF-8', binaryInput(1, 5), Buffer.from([1, 0, 0, 0, 0xff])],
    ['a blank text', binaryInput(1, 5), bytesTensor(' ')],
    ['data beside the bytes', { ...binaryInput(1, good.length), data: ['good'] }, good],
    ['bytes that belong to no input', textInput('good'), good],
  ])('refuses %s', async (_, input, tail) => {
    expect(await inferBinary({ inputs: [input] }, tail)).toMatchObject({
      status: 400,
      json: { error: expect.any(String) },
    });
  });

  test.each(['-1', '1e3', '999999', 'all'])('refuses a length of the JSON of %s', async (length) => {
    const answer = await inferBinary({ inputs: [textInput('good')] }, Buffer.alloc(0), { [LENGTH_HEADER]: length });
    expect(answer).toMatchObject({ status: 400, json: { error: expect.stringContaining(LENGTH_HEADER) } });
  });
});
