import type { Weight } from './parameters.js';

/**
 * Largest magnitude of a quantized weight. A CPU without VNNI adds pairs of uint8 × int8 products in 16 bits with saturation:
 * 2 · 255 · 64 = 32,640 still fits, so that with 7 bits every CPU gives the same sums.
 */
const LARGEST = 63;

export interface QuantizedMatrix {
  /** int8, row-major in the shape asked for. */
  readonly data: Int8Array;
  readonly shape: readonly [number, number];
  /** One scale per output channel: value = scale · int8. */
  readonly scales: Float32Array;
}

/** A linear map's [out, in] matrix as int8 [in, out], symmetric, one scale for each output. */
export function quantizeLinear({ shape, data }: Weight): QuantizedMatrix {
  const [outputs = 0, inputs = 0] = shape;
  const { values, scales } = quantizeRows(data, outputs, inputs);
  const transposed = new Int8Array(values.length);
  for (let row = 0; row < outputs; row += 1) {
    for (let column = 0; column < inputs; column += 1)
      transposed[column * outputs + row] = values[row * inputs + column] as number;
  }
  return { data: transposed, shape: [inputs, outputs], scales };
}

/** An embedding table as int8 [rows, dim], symmetric, one scale for each row. It enters no int8 product, so it has all 8 bits. */
export function quantizeTable({ shape, data }: Weight): QuantizedMatrix {
  const [rows = 0, dim = 0] = shape;
  const { values, scales } = quantizeRows(data, rows, dim, 127);
  return { data: values, shape: [rows, dim], scales };
}

function quantizeRows(data: Float32Array, rows: number, columns: number, largest = LARGEST) {
  const values = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const start = row * columns;
    let peak = 0;
    for (let i = start; i < start + columns; i += 1) peak = Math.max(peak, Math.abs(data[i] as number));
    const scale = peak === 0 ? 1 : peak / largest;
    scales[row] = scale;
    for (let i = start; i < start + columns; i += 1) values[i] = Math.round((data[i] as number) / scale);
  }
  return { values, scales };
}
