import { AutogradError } from './autograd-error.js';

/** A size known when the graph is built, or a symbol (`'batch'`), or a product of both (`'4*batch*seq'`). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The product of dims in one canonical form: equal products are equal strings or numbers. */
export function productOf(dims: Shape): Dim {
  let known = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    for (const factor of String(dim).split('*')) {
      if (/^\d+$/.test(factor)) known *= Number(factor);
      else symbols.push(factor);
    }
  }
  if (symbols.length === 0 || known === 0) return known;
  symbols.sort();
  return (known === 1 ? symbols : [String(known), ...symbols]).join('*');
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** NumPy broadcasting. Throws `SHAPE_MISMATCH` naming the operation and both shapes. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new AutogradError(
      'SHAPE_MISMATCH',
      `${operation}: expected shapes that broadcast together, got ${formatShape(a)} and ${formatShape(b)}`,
    );
  });
}

/** Throws `INVALID_ATTRIBUTE` where a size that is no symbol is no natural number either. */
export function requireSizes(operation: string, sizes: Shape): void {
  const wrong = sizes.find((size) => typeof size === 'number' && !(Number.isSafeInteger(size) && size >= 0));
  if (wrong === undefined) return;
  throw new AutogradError('INVALID_ATTRIBUTE', `${operation}: expected sizes that are natural numbers, got ${wrong}`);
}

/** Axis in `[0, rank)`; negative axes count from the end. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new AutogradError('INVALID_ATTRIBUTE', `${operation}: expected an axis within rank ${rank}, got ${axis}`);
  }
  return normalized;
}
