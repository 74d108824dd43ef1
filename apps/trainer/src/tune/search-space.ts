import { createRandom } from '@marquee/dataset';
import { isMap, isScalar, isSeq, type ParsedNode } from 'yaml';

import { readOptionEntries, type OptionEntry, scalarOption } from '../option-file.js';
import { kebabOf, type OptionValue } from '../option-spec.js';
import { TRAIN_OPTION_SPECS } from '../train-options.js';
import { TrainerError } from '../trainer-error.js';

/** What an option's value is drawn from. Bounds belong to the range. */
export type Distribution =
  | { readonly kind: 'choice'; readonly values: readonly OptionValue[] }
  | { readonly kind: 'uniform' | 'loguniform' | 'int'; readonly low: number; readonly high: number };

/** By option, in camel case and in alphabetical order. */
export type SearchSpace = Readonly<Record<string, Distribution>>;

/** The options that a trial is given beside those of the command line. */
export type TrialOptions = Readonly<Record<string, OptionValue>>;

/** Where trials get their reviews and leave their results is the search's to say. */
const NOT_SEARCHED = new Set([
  'dataFile',
  'trainFile',
  'validationFile',
  'testFile',
  'splitFile',
  'groupColumn',
  'dropDuplicates',
  'textColumnName',
  'labelColumnName',
  'validationSplitPercentage',
  'maxTrainSamples',
  'maxEvalSamples',
  'tokenCacheDir',
  'outputDir',
  'overwriteOutputDir',
  'resumeFromCheckpoint',
  'metricForBestModel',
]);

/** Reads a search space from a YAML file. Every value that could be drawn is checked as on the command line. Throws `INVALID_OPTION` with file and line. */
export async function readSearchSpace(path: string, cwd: string): Promise<SearchSpace> {
  const entries = await readOptionEntries(path, TRAIN_OPTION_SPECS, '--search-space');
  if (entries.length === 0) throw new TrainerError('INVALID_OPTION', `${path}: expected options to search, found none`);
  const space = entries.map((entry) => [entry.name, readDistribution(entry, cwd)] as const);
  return Object.fromEntries(space.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const GRAMMAR =
  'expected { choice: [...] }, { uniform: [low, high] }, { loguniform: [low, high] } or { int: [low, high] }';

function readDistribution(entry: OptionEntry, cwd: string): Distribution {
  const { name, spec, value, where } = entry;
  const subject = `${where}: ${kebabOf(name)}`;
  const refuse = (problem: string): TrainerError => new TrainerError('INVALID_OPTION', `${subject}: ${problem}`);
  if (NOT_SEARCHED.has(name)) throw refuse('expected an option of training, this one cannot be searched');
  const [kind, items] = readKind(value) ?? [];
  if (kind === undefined || items === undefined) throw refuse(GRAMMAR);
  const values = items.map((item) => scalarOption(subject, spec, item, cwd));
  if (kind === 'choice') {
    if (values.length > 0) return { kind, values };
    throw refuse('expected at least one value to choose, got none');
  }
  const [low, high] = values;
  if (typeof low !== 'number' || typeof high !== 'number' || values.length !== 2 || low >= high) {
    throw refuse(`expected two numbers, the lower one first, got ${values.join(', ')}`);
  }
  if (kind === 'int' && !(Number.isInteger(low) && Number.isInteger(high))) throw refuse('expected integers for int');
  if (kind !== 'int' && spec.kind === 'integer') throw refuse(`expected int or choice for an integer, got ${kind}`);
  if (kind === 'loguniform' && low <= 0) throw refuse(`expected a lower bound above 0 for loguniform, got ${low}`);
  return { kind, low, high };
}

const KINDS = ['choice', 'uniform', 'loguniform', 'int'] as const;

function readKind(node: ParsedNode | null): [Distribution['kind'], ParsedNode[]] | undefined {
  if (!isMap<ParsedNode, ParsedNode | null>(node) || node.items.length !== 1) return undefined;
  const { key, value } = node.items[0]!; // there is exactly one
  const kind = KINDS.find((name) => isScalar(key) && key.value === name);
  return kind && isSeq<ParsedNode>(value) ? [kind, value.items] : undefined;
}

/** Keeps the draws of a search apart from other uses of one seed. */
const TRIAL_STREAM = 0x74756e65;

/** What trial `id` tries: nothing but the command line's own options for the first, a draw that depends on seed and id alone for the others. */
export function drawTrial(space: SearchSpace, seed: number, id: number): TrialOptions {
  if (id === 0) return {};
  const random = createRandom(seed, TRIAL_STREAM, id);
  return Object.fromEntries(
    Object.entries(space).map(([name, distribution]) => [name, draw(distribution, random.float())]),
  );
}

/** `unit` lies in [0, 1). Real numbers are rounded to three digits, so that what is written down is what was tried. */
function draw(distribution: Distribution, unit: number): OptionValue {
  if (distribution.kind === 'choice') {
    return distribution.values[Math.floor(unit * distribution.values.length)]!; // the index is below the length
  }
  const { kind, low, high } = distribution;
  if (kind === 'int') return low + Math.floor(unit * (high - low + 1));
  const value = kind === 'uniform' ? low + unit * (high - low) : low * (high / low) ** unit;
  return Math.min(high, Math.max(low, Number(value.toPrecision(3))));
}
