import { readFile } from 'node:fs/promises';

import { isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, type Scalar } from 'yaml';

import { nearestName } from './nearest-name.js';
import { kebabOf, type OptionSpec, type OptionSpecs, type OptionValue, parseOption } from './option-spec.js';
import { TrainerError } from './trainer-error.js';

export type OptionValues = Record<string, OptionValue>;

/** One entry of a YAML map of options: `where` is file and line, for messages. */
export interface OptionEntry {
  readonly name: string;
  readonly spec: OptionSpec;
  readonly value: ParsedNode | null;
  readonly where: string;
}

/**
 * Reads options from a YAML file: a map whose keys are option names in kebab, snake or camel case. Each value is checked as on the command line, and
 * relative paths are meant from `cwd`, as there. Throws `INVALID_OPTION` with file, line, and the nearest name of an unknown one.
 */
export async function readOptionFile(path: string, specs: OptionSpecs, cwd: string): Promise<OptionValues> {
  const entries = await readOptionEntries(path, specs, '--config');
  return Object.fromEntries(
    entries.map(({ name, spec, value, where }) => [name, readValue(`${where}: ${kebabOf(name)}`, spec, value, cwd)]),
  );
}

/** Reads a YAML file as a map from option names to whatever stands there; `flag` names the file's own option in messages. */
export async function readOptionEntries(path: string, specs: OptionSpecs, flag: string): Promise<OptionEntry[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new TrainerError('INVALID_OPTION', `${flag}: expected a YAML file, could not read ${path}`, { cause });
  });
  const lines = new LineCounter();
  const { contents, errors } = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const whereIs = (offset: number): string => `${path} line ${lines.linePos(offset).line}`;
  const [flaw] = errors;
  if (flaw) throw new TrainerError('INVALID_OPTION', `${whereIs(flaw.pos[0])}: expected YAML: ${flaw.message}`);
  if (contents === null) return [];
  if (!isMap<ParsedNode, ParsedNode | null>(contents)) {
    throw new TrainerError('INVALID_OPTION', `${whereIs(contents.range[0])}: expected options as "name: value"`);
  }
  const entries = contents.items.map(({ key, value }) => toEntry(key, value, specs, whereIs(key.range[0])));
  refuseRepeated(entries);
  return entries;
}

function toEntry(key: ParsedNode, value: ParsedNode | null, specs: OptionSpecs, where: string): OptionEntry {
  const written = isScalar(key) ? String(key.value) : '';
  const name = written.replaceAll(/[-_]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec) return { name, spec, value, where };
  const nearest = nearestName(kebabOf(name), Object.keys(specs).map(kebabOf));
  const hint = nearest === undefined ? '; --help lists what there is' : ` (Did you mean ${nearest}?)`;
  throw new TrainerError('INVALID_OPTION', `${where}: unknown option '${written}'${hint}`);
}

function refuseRepeated(entries: readonly OptionEntry[]): void {
  const names = entries.map(({ name }) => name);
  const repeated = entries.find(({ name }, index) => names.indexOf(name) !== index);
  if (!repeated) return;
  const once = 'expected once, given more than once (a_b and aB are a-b)';
  throw new TrainerError('INVALID_OPTION', `${repeated.where}: ${kebabOf(repeated.name)}: ${once}`);
}

/** Several paths may stand in a list. */
function readValue(subject: string, spec: OptionSpec, node: ParsedNode | null, cwd: string): OptionValue {
  if (spec.kind !== 'paths' || !isSeq<ParsedNode>(node)) return scalarOption(subject, spec, node, cwd);
  return node.items.flatMap((item) => scalarOption(subject, spec, item, cwd) as readonly string[]); // as its kind says
}

/** A single value as its option takes it; `subject` begins the message of a refusal. */
export function scalarOption(subject: string, spec: OptionSpec, node: ParsedNode | null, cwd: string): OptionValue {
  const refuse = (expectation: string, actual: string): TrainerError =>
    new TrainerError('INVALID_OPTION', `${subject}: expected ${expectation}, got ${actual}`);
  if (!isScalar(node)) throw refuse('one value', node === null ? 'none' : 'a list or a map');
  if (node.value === null) throw refuse('a value', 'none');
  const { value } = node;
  if (spec.kind === 'flag' || (spec.kind === 'path-or-flag' && value === true)) {
    if (typeof value === 'boolean') return value;
    throw refuse('true or false', JSON.stringify(value));
  }
  return parseOption(subject, spec, asWritten(node), cwd);
}

/** `5e-5` and `007` stay what was written: a text option may be meant, and a number is read by the option's own rules. */
const asWritten = ({ value, source }: Scalar.Parsed): string => (typeof value === 'string' ? value : source);
