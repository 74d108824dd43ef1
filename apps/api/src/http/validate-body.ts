import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { ApiError } from './api-error.js';

export type Dto<Body extends object> = new () => Body;

const VALIDATION = {
  forbidUnknownValues: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
} as const;

/**
 * Turns a parsed body into an instance of its DTO class, without the fields that it does not know where those are dropped. Throws
 * ApiError INVALID_REQUEST that says the first thing wrong.
 */
export function validateBody<Body extends object>(
  dto: Dto<Body>,
  body: unknown,
  unknownFields: 'refuse' | 'drop' = 'refuse',
): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ApiError('INVALID_REQUEST', 'Request body must be a JSON object');
  }
  if (unknownFields === 'refuse') assertKnownFields(dto, body);
  const instance = plainToInstance(dto, body);
  const [error] = validateSync(instance, { ...VALIDATION, forbidNonWhitelisted: unknownFields === 'refuse' });
  if (error !== undefined) throw new ApiError('INVALID_REQUEST', describeViolation(error));
  return instance;
}

/** class-transformer drops `__proto__` and `constructor` silently, so that the whitelist would never see them. */
function assertKnownFields(dto: Dto<object>, body: object): void {
  const known = new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(dto, '', false, false)
      .map(({ propertyName }) => propertyName),
  );
  const unknown = Object.getOwnPropertyNames(body).find((name) => !known.has(name));
  if (unknown !== undefined) {
    const name = unknown.length > 40 ? `${unknown.slice(0, 40)}…` : unknown;
    throw new ApiError('INVALID_REQUEST', `Unknown field ${JSON.stringify(name)}: expected ${[...known].join(', ')}`);
  }
}

function describeViolation(error: ValidationError): string {
  const [message] = Object.values(error.constraints ?? {});
  if (message !== undefined) return message;
  const [child] = error.children ?? [];
  return child === undefined ? `${error.property} is not valid` : describeViolation(child);
}
