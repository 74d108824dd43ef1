/** Bytes per element, in the order in which the reference implementation ranks dtypes: wider ones last. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type SafetensorsDtype = keyof typeof DTYPE_BYTES;

const RANKS = new Map(Object.keys(DTYPE_BYTES).map((dtype, rank) => [dtype, rank]));

export function isSafetensorsDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && RANKS.has(value);
}

/** Position of a dtype in the file order of the reference implementation, which writes higher ranks first. */
export function dtypeRank(dtype: SafetensorsDtype): number {
  return RANKS.get(dtype) ?? -1;
}
