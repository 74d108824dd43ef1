import { messageOf, ModelCoreError } from './errors.js';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is a string, else an empty one, which no check takes. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function isPositiveInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Parses a UTF-8 JSON file. Throws `INVALID_JSON` with the file's name for anything else, a non-object included. */
export function parseJsonObject(bytes: Uint8Array, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelCoreError('INVALID_JSON', `${file}: expected JSON in UTF-8: ${messageOf(cause)}`, { file, cause });
  }
  if (!isJsonObject(value)) throw new ModelCoreError('INVALID_JSON', `${file}: expected a JSON object`, { file });
  return value;
}
