import { ApiError } from './api-error.js';

/** Far above any legal body of this API, far below what makes a parser or a validator slow. */
const JSON_BOUNDS = { maxDepth: 16, maxKeys: 64, maxValues: 1024 } as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// The bytes of a UTF-8 string's multi-byte characters are all above 0x7f, so that none is mistaken for punctuation.
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Returns the index of the quote that ends the string opened at `start`, or the length when none does. */
function skipString(json: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < json.length && json[index] !== QUOTE) index += json[index] === BACKSLASH ? 2 : 1;
  return index;
}

/**
 * Refuses UTF-8 JSON that is nested deeper, or holds more keys or values, than any legal body, before it is parsed: a deep
 * body overflows the parser's or the validator's stack, and 60,000 unknown keys keep class-validator busy for seconds.
 */
export function assertBoundedJson(json: Uint8Array): void {
  let depth = 0;
  let keys = 0;
  let values = 1;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (byte === QUOTE) index = skipString(json, index);
    else if (byte === COLON) keys++;
    else if (byte === COMMA) values++;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
    if (depth > JSON_BOUNDS.maxDepth) throw tooMuch('nested deeper than', JSON_BOUNDS.maxDepth, 'levels');
    if (keys > JSON_BOUNDS.maxKeys) throw tooMuch('an object with more than', JSON_BOUNDS.maxKeys, 'keys');
    if (values > JSON_BOUNDS.maxValues) throw tooMuch('JSON with more than', JSON_BOUNDS.maxValues, 'values');
  }
}

function tooMuch(what: string, bound: number, unit: string): ApiError {
  return new ApiError('MALFORMED_BODY', `Request body is ${what} ${bound} ${unit}`);
}
