import { ValidateIf } from 'class-validator';

/** Property decorator: may be left out, but not be null, as JSON Schema has it. class-validator's own `IsOptional` takes null too. */
export function Omittable(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
