import type { OptionValue } from '../option-spec.js';
import { formatSeconds } from '../progress.js';
import { textTable } from '../text-table.js';
import type { FoundRun } from './find-runs.js';

/** A line a run. */
export function listRuns(runs: readonly FoundRun[]): string {
  const header = ['run', 'command', 'status', 'started (UTC)', 'time', 'evaluations', 'best F1', 'test accuracy'];
  const rows = runs.map((run) => [
    run.name,
    run.command,
    run.status,
    run.timing.startedAt.slice(0, 16).replace('T', ' '),
    formatSeconds(run.timing.seconds),
    String(run.evaluations.length),
    figure(bestF1(run)),
    figure(servedAccuracy(run)),
  ]);
  return textTable(header, rows);
}

function bestF1({ evaluations }: FoundRun): number | undefined {
  const values = evaluations.map((entry) => entry['eval_f1']).filter((value) => typeof value === 'number');
  return values.length === 0 ? undefined : Math.max(...values);
}

/** On test reviews, of what is served. A run of an older release does not say what that is: of a blend its option does, of others int8 is taken. */
function servedAccuracy({ artifact, metrics = {}, options }: FoundRun): number | undefined {
  if (!artifact) return metrics['accuracy'];
  const kind = options['kind'];
  const served = artifact.served ?? (typeof kind === 'string' ? kind : 'int8');
  return metrics[`test.${served}.accuracy`] ?? metrics[`accuracy.${served}`]; // of `quantize`
}

const figure = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(4));

/** Runs side by side: what was asked for where they differ, and everything that was measured. Of one run, everything. */
export function compareRuns(runs: readonly FoundRun[]): string {
  const differing = (facts: Fact[]): Fact[] =>
    runs.length === 1 ? facts : facts.filter(({ values }) => new Set(values).size > 1);
  const facts = [
    ...factsOf(runs, ({ command, status, verdict }) => ({ command, status, ...(verdict && { verdict }) })),
    ...differing(factsOf(runs, ({ options }) => options)),
    ...differing(factsOf(runs, describeInputs)),
    ...factsOf(runs, ({ timing, peakMemoryBytes, metrics, evaluations }) => ({
      time: formatSeconds(timing.seconds),
      'peak memory (GB)': (peakMemoryBytes / 1e9).toFixed(2),
      ...Object.fromEntries(Object.entries(evaluations.at(-1) ?? {}).map(([name, value]) => [`last ${name}`, value])),
      ...metrics,
    })),
  ];
  return textTable(
    ['', ...runs.map(({ name }) => name)],
    facts.map(({ name, values }) => [name, ...values]),
  );
}

type Shown = OptionValue | null | undefined;

interface Fact {
  readonly name: string;
  /** One a run; empty where it has none. */
  readonly values: readonly string[];
}

function factsOf(runs: readonly FoundRun[], look: (run: FoundRun) => Readonly<Record<string, Shown>>): Fact[] {
  const seen = runs.map(look);
  const names = [...new Set(seen.flatMap((facts) => Object.keys(facts)))];
  return names.map((name) => ({ name, values: seen.map((facts) => shown(facts[name])) }));
}

function describeInputs({ data, model, models = {}, environment, artifact }: FoundRun): Record<string, Shown> {
  return {
    ...Object.fromEntries(
      Object.entries(data).map(([part, { sha256, rows }]) => [
        `data.${part}`,
        `${rows === undefined ? '' : `${rows} rows of `}${sha256.slice(0, 12)}`,
      ]),
    ),
    'starting model': model?.sha256?.slice(0, 12),
    'model version': model?.version,
    ...Object.fromEntries(Object.entries(models).map(([name, { version }]) => [`${name} version`, version])),
    commit: environment.commit && `${environment.commit.slice(0, 12)}${environment.modified ? ', modified' : ''}`,
    cpu: `${environment.cores} × ${environment.cpu}`,
    node: environment.node,
    onnxruntime: environment.onnxruntime,
    artifact: artifact?.version,
  };
}

function shown(value: Shown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(5))) : String(value);
}
