import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { HF_INPUTS, HF_INPUTS_SCHEMA } from '../dto/hugging-face.js';
import { REVIEW_TEXT, REVIEW_TEXT_SCHEMA } from '../dto/review-text.js';
import { TEI_INPUTS, TEI_INPUTS_SCHEMA } from '../dto/tei.js';
import type { Dto } from '../http/validate-body.js';

const SCHEMAS = '#/components/schemas/';

/** The schemas of all DTO classes, by their names, from their decorators. */
export function buildSchemas(): Record<string, object> {
  return validationMetadatasToSchemas({
    refPointerPrefix: SCHEMAS,
    classTransformerMetadataStorage: defaultMetadataStorage,
    additionalConverters: {
      [REVIEW_TEXT]: toMutable(REVIEW_TEXT_SCHEMA),
      [TEI_INPUTS]: toMutable(TEI_INPUTS_SCHEMA),
      [HF_INPUTS]: toMutable(HF_INPUTS_SCHEMA),
    },
  });
}

/** A copy, which the library's types want to be free to change. */
const toMutable = (schema: object): Record<string, unknown> => ({ ...schema });

export function schemaOf(dto: Dto<object>): object {
  return { $ref: `${SCHEMAS}${dto.name}` };
}
