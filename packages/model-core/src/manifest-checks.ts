import { ModelCoreError } from './errors.js';
import { isJsonObject, isPositiveInteger, type JsonObject, type JsonValue, textOf } from './json.js';
import {
  LABELS,
  MANIFEST_FILE,
  MANIFEST_FORMAT_VERSION,
  memberFile,
  MODEL_KINDS,
  type ModelKind,
} from './manifest-format.js';
import { TRUNCATIONS } from './truncation.js';

/** A plain name: it becomes a folder. */
const MEMBER_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

/** Checks every field of a manifest that this release reads. Throws as `parseManifest`. */
export function checkManifest(json: JsonObject): void {
  if (json['formatVersion'] !== MANIFEST_FORMAT_VERSION) {
    throw unsupported('formatVersion', MANIFEST_FORMAT_VERSION, json['formatVersion']);
  }
  const kind = MODEL_KINDS.find((known) => known === json['kind']);
  if (kind === undefined) throw unsupported('kind', MODEL_KINDS.join(', '), json['kind']);
  if (!/^[\w.-]{1,64}$/.test(textOf(json['version']))) throw invalid('version must be a short id', json['version']);
  if (Number.isNaN(Date.parse(textOf(json['createdAt'])))) throw invalid('createdAt must be a date', json['createdAt']);
  if (!isPositiveInteger(json['parameters']))
    throw invalid('parameters must be a positive integer', json['parameters']);
  if (!isJsonObject(json['files']) || Object.keys(json['files']).length === 0) {
    throw invalid('files must name at least one file', json['files']);
  }
  for (const [path, file] of Object.entries(json['files'])) checkFile(path, file);
  checkLabels(json['labels']);
  KIND_CHECKS[kind](json);
  checkOptional(json);
}

const KIND_CHECKS: Readonly<Record<ModelKind, (json: JsonObject) => void>> = {
  transformer: ({ text }) => checkText(text),
  linear: () => undefined,
  blend: checkBlend,
  cascade(json) {
    checkBlend(json);
    const { cascade } = json;
    if (!isJsonObject(cascade) || !isFiniteNumber(cascade['threshold']) || cascade['threshold'] < 0) {
      throw invalid('cascade.threshold must be a number of at least 0', cascade);
    }
  },
};

function checkBlend({ blend, files }: JsonObject): void {
  if (!isJsonObject(blend) || !isJsonObject(blend['weights'])) {
    throw invalid('blend.weights must be an object', blend);
  }
  if (!isFiniteNumber(blend['bias'])) throw invalid('blend.bias must be a number', blend['bias']);
  const weights = Object.entries(blend['weights']);
  if (weights.length < 2) throw invalid('blend.weights must name at least two members', blend['weights']);
  for (const [name, weight] of weights) {
    if (!MEMBER_NAME.test(name)) throw invalid('a member must have a name of small letters, digits and -', name);
    if (!isFiniteNumber(weight)) throw invalid(`blend.weights.${name} must be a number`, weight);
    const listed = memberFile(name, MANIFEST_FILE);
    if (!Object.hasOwn(files as JsonObject, listed)) throw invalid(`files must list ${listed}`, undefined);
  }
}

function checkFile(path: string, file: JsonValue): void {
  checkPath(path);
  if (!isJsonObject(file) || !Number.isSafeInteger(file['sizeBytes']) || (file['sizeBytes'] as number) < 0) {
    throw invalid(`files[${JSON.stringify(path)}].sizeBytes must be a number of bytes`, file);
  }
  if (!/^[0-9a-f]{64}$/.test(textOf(file['sha256']))) {
    throw invalid(`files[${JSON.stringify(path)}].sha256 must be 64 hexadecimal digits`, file['sha256']);
  }
}

/** Relative, with `/`, without `.`, `..` and empty parts, and without what some system reads as a drive or stream. */
export function checkPath(path: string): void {
  const parts = path.split('/');
  const unsafe = parts.some((part) => part === '' || part === '.' || part === '..') || /[\\:\0]/.test(path);
  if (unsafe || path === MANIFEST_FILE) {
    throw new ModelCoreError(
      'UNSAFE_PATH',
      `manifest.json: ${JSON.stringify(path)} cannot name a file of the artifact`,
      {
        file: MANIFEST_FILE,
      },
    );
  }
}

function checkText(text: JsonValue | undefined): void {
  if (!isJsonObject(text)) throw invalid('text must be an object', text);
  const { maxLength, truncation } = text;
  if (!isPositiveInteger(maxLength) || maxLength < 3) {
    throw invalid('text.maxLength must be an integer of at least 3', maxLength);
  }
  if (!TRUNCATIONS.some((known) => known === truncation)) {
    throw invalid(`text.truncation must be one of ${TRUNCATIONS.join(', ')}`, truncation);
  }
}

function checkLabels(labels: JsonValue | undefined): void {
  if (JSON.stringify(labels) !== JSON.stringify(LABELS))
    throw invalid('labels must be ["negative", "positive"]', labels);
}

function checkOptional(json: JsonObject): void {
  const { parent, training, metrics, calibration, equivalence, seenRows, temperature } = json;
  for (const [name, value] of Object.entries({ parent, training, metrics, calibration, equivalence })) {
    if (value !== undefined && !isJsonObject(value)) throw invalid(`${name} must be an object`, value);
  }
  if (temperature !== undefined && !(Number.isFinite(temperature) && (temperature as number) > 0)) {
    throw invalid('temperature must be a number above 0', temperature);
  }
  checkGolden(json);
  if (seenRows === undefined) return;
  const listed = isJsonObject(seenRows) && Object.hasOwn(json['files'] as JsonObject, textOf(seenRows['file']));
  if (!listed || !Number.isSafeInteger(seenRows['count'])) {
    throw invalid('seenRows must name one of files and a count', seenRows);
  }
}

function checkGolden({ goldenInputs = [], goldenTolerance }: JsonObject): void {
  if (!Array.isArray(goldenInputs)) throw invalid('goldenInputs must be a list', goldenInputs);
  goldenInputs.forEach((input: JsonValue, index) => {
    const { inputIds, logits } = isJsonObject(input) ? input : {};
    if (!Array.isArray(inputIds) || !inputIds.every((id) => Number.isSafeInteger(id) && id >= 0 && id < 2 ** 31)) {
      throw invalid(`goldenInputs[${index}].inputIds must be token ids`, inputIds);
    }
    if (!isJsonObject(logits) || !Object.values(logits).every(isPairOfLogits)) {
      throw invalid(`goldenInputs[${index}].logits must be two numbers a graph`, logits);
    }
  });
  if (goldenTolerance === undefined) return;
  const { int8, fp32, reason } = isJsonObject(goldenTolerance) ? goldenTolerance : {};
  if (![int8, fp32].every((limit) => isFiniteNumber(limit) && limit >= 0) || textOf(reason) === '') {
    throw invalid('goldenTolerance must hold int8 and fp32 of at least 0 and a reason', goldenTolerance);
  }
}

const isPairOfLogits = (value: JsonValue): boolean =>
  Array.isArray(value) && value.length === LABELS.length && value.every(isFiniteNumber);

export function invalid(expectation: string, actual: unknown): ModelCoreError {
  const shown = (actual === undefined ? 'nothing' : JSON.stringify(actual)).slice(0, 80);
  return new ModelCoreError('INVALID_MANIFEST', `manifest.json: ${expectation}, got ${shown}`, { file: MANIFEST_FILE });
}

function unsupported(field: string, expected: unknown, actual: unknown): ModelCoreError {
  return new ModelCoreError(
    'UNSUPPORTED_FORMAT',
    `manifest.json: this release reads ${field} ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
    { file: MANIFEST_FILE },
  );
}
