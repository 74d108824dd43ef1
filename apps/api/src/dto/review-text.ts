import { ValidateBy } from 'class-validator';
import type { ValidationArguments, ValidationOptions } from 'class-validator';
import { LIMITS } from '@marquee/contracts';

export const REVIEW_TEXT = 'reviewText';

/** A character that is not white space to JavaScript's `\s` nor to Python's, so that clients of both agree with the schema. */
// eslint-disable-next-line no-control-regex -- Python's \s holds the separators U+001C to U+001F
const VISIBLE_CHARACTER = /[^\s\x1c-\x1f\x85\ufeff]/;

/** JSON schema of a review: `maxLength` counts code points, as JSON Schema defines it. */
export const REVIEW_TEXT_SCHEMA = {
  type: 'string',
  minLength: 1,
  maxLength: LIMITS.maxReviewCharacters,
  pattern: VISIBLE_CHARACTER.source,
} as const;

/** Counts Unicode code points; a lone surrogate counts as one. */
export function countCodePoints(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length - 1; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      pairs++;
      index++;
    }
  }
  return text.length - pairs;
}

/** Says what is wrong with a review, never quoting it; undefined when nothing is. */
export function describeTextFlaw(value: unknown): string | undefined {
  if (value === undefined) return 'Review text is required';
  if (typeof value !== 'string') return 'Review text must be a string';
  if (!VISIBLE_CHARACTER.test(value)) return 'Review text cannot be empty or whitespace only';
  // A character has at most two code units: what has twice as many is too long without being counted.
  if (value.length > 4 * LIMITS.maxReviewCharacters) {
    return `Review text must have at most ${LIMITS.maxReviewCharacters} characters, got far more`;
  }
  const characters = countCodePoints(value);
  if (characters > LIMITS.maxReviewCharacters) {
    return `Review text must have at most ${LIMITS.maxReviewCharacters} characters, got ${characters}`;
  }
  return undefined;
}

function describeFirstFlaw({ value, property }: ValidationArguments, each: boolean): string {
  if (!each || !Array.isArray(value)) return describeTextFlaw(value) ?? '';
  const index = value.findIndex((item) => describeTextFlaw(item) !== undefined);
  return `${property}[${index}]: ${describeTextFlaw(value[index]) ?? ''}`;
}

/**
 * Property decorator: a string with at least one visible character and at most 10,000 Unicode code points. class-validator's
 * own `MaxLength` leaves variation selectors out of its count, and its messages cannot name the failing item of an array.
 */
export function IsReviewText(options: ValidationOptions = {}): PropertyDecorator {
  const each = options.each === true;
  const validator = {
    validate: (value: unknown): boolean => describeTextFlaw(value) === undefined,
    defaultMessage: (args?: ValidationArguments): string => (args === undefined ? '' : describeFirstFlaw(args, each)),
  };
  return ValidateBy({ name: REVIEW_TEXT, validator }, options);
}
