import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BenchError } from '../bench-error.js';
import { runProgram } from '../child-process.js';
import { markdownTable } from '../markdown-table.js';
import { createKey, marquee } from './contenders.js';
import type { BenchContext, Finding, Scenario } from './scenario.js';
import { type RunningServer, withServer } from './server-process.js';

const CONFIGURATION = fileURLToPath(new URL('../../../schemathesis.toml', import.meta.url));
/** Each run of a part has another seed; a part with few inputs to vary needs many of them to come to its number of cases. */
const MAX_RUNS = 40;

/** Routes that are tried together. */
interface Part {
  readonly name: string;
  /** Of paths of the OpenAPI document. */
  readonly paths: string;
  readonly cases: number;
  /** Cases that a run aims at for each route. */
  readonly casesARoute: number;
}

const PARTS: readonly Part[] = [
  {
    name: 'predictions',
    paths: '^/(predict|predict/batch|v2/.*/infer|tei/predict|hf)$',
    cases: 10_000,
    casesARoute: 2000,
  },
  { name: '/explain', paths: '^/explain$', cases: 200, casesARoute: 200 },
  { name: '/admin/*', paths: '^/admin/', cases: 200, casesARoute: 200 },
  {
    name: 'all others',
    paths: '^/(?!predict|v2/.*/infer$|tei/predict$|hf$|explain$|admin/)',
    cases: 1,
    casesARoute: 50,
  },
];

/** What of Schemathesis's JSON report is read. */
interface RunReport {
  readonly test_cases: { readonly generated: number; readonly errored: number };
  readonly operations: { readonly selected: number };
  readonly failures: readonly { readonly title?: string; readonly check?: string; readonly operation?: string }[];
  readonly errors: readonly object[];
}

interface PartResult extends Part {
  readonly routes: number;
  readonly generated: number;
  /** Names of checks that failed, with the route. */
  readonly failures: readonly string[];
}

export const schemathesis: Scenario = {
  help: 'requests that Schemathesis makes up from the OpenAPI document, keys required',
  async run(context) {
    const program = findProgram(context);
    const keysDir = join(context.dir, 'keys');
    const key = await createKey(keysDir);
    const results = await withServer(
      marquee(context.model, { MARQUEE_KEYS_DIR: keysDir }),
      context.dir,
      async (server) => {
        const done: PartResult[] = [];
        for (const part of PARTS) done.push(await tryPart(context, { program, key, server, part }));
        return done;
      },
    );
    return {
      title: 'Schemathesis',
      setting:
        'Every phase and every check that it has (`schemathesis.toml`), one request at a time, keys required; a part is run with one seed after the other until it has its number of cases.',
      tables: [partTable(results)],
      findings: results.flatMap((result) => judge(result, context.hurry)),
    };
  },
};

function findProgram({ schemathesis: given, python }: BenchContext): string {
  const beside = python === undefined ? undefined : join(dirname(python), 'schemathesis');
  const program = given ?? (beside !== undefined && existsSync(beside) ? beside : undefined);
  if (program !== undefined) return program;
  throw new BenchError(
    'INVALID_ARGUMENT',
    '--schemathesis: expected the program of that name (pip install schemathesis), got nothing',
  );
}

interface Trial {
  readonly program: string;
  readonly key: string;
  readonly server: RunningServer;
  readonly part: Part;
}

async function tryPart(context: BenchContext, trial: Trial): Promise<PartResult> {
  const { part } = trial;
  const wanted = Math.max(1, part.cases / context.hurry);
  const reports: RunReport[] = [];
  let generated = 0;
  while (generated < wanted && reports.length < MAX_RUNS) {
    const report = await runOnce(context, trial, reports.length + 1);
    reports.push(report);
    generated += report.test_cases.generated;
    context.say(`${part.name}: ${generated} of ${wanted} cases`);
    if (report.operations.selected === 0) break;
  }
  const failures = reports.flatMap(({ failures: found, errors }) => [
    ...found.map(({ title, check, operation }) => `${title ?? check ?? 'failure'} (${operation ?? 'unknown route'})`),
    ...errors.map((error) => `error: ${JSON.stringify(error).slice(0, 200)}`),
  ]);
  return { ...part, generated, routes: reports[0]?.operations.selected ?? 0, failures: [...new Set(failures)] };
}

async function runOnce(
  { dir, hurry }: BenchContext,
  { program, key, server, part }: Trial,
  seed: number,
): Promise<RunReport> {
  const file = join(dir, `schemathesis-${part.name.replaceAll(/\W/g, '')}-${seed}.json`);
  const examples = Math.max(1, Math.round(part.casesARoute / hurry));
  // Its status says whether a check failed, which the report says as well.
  const { stdout, stderr } = await runProgram(
    program,
    [
      '--no-color',
      '--config-file',
      CONFIGURATION,
      'run',
      `${server.url}/openapi.json`,
      '--report',
      'json',
      '--report-json-path',
      file,
    ].concat(['--include-path-regex', part.paths, '--max-examples', String(examples), '--seed', String(seed)]),
    { MARQUEE_KEY: key },
  );
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as RunReport;
  throw new BenchError(
    'CHILD_FAILED',
    `${program} wrote no report:\n${`${stdout}\n${stderr}`.trim().split('\n').slice(-10).join('\n')}`,
  );
}

function partTable(results: readonly PartResult[]): string {
  return markdownTable<PartResult>(
    [
      { title: 'routes', cell: ({ name }) => name },
      { title: 'number', align: 'right', cell: ({ routes }) => String(routes) },
      { title: 'cases', align: 'right', cell: ({ generated }) => String(generated) },
      { title: 'failed checks', cell: ({ failures }) => failures.join('; ') || 'none' },
    ],
    results,
  );
}

function judge({ name, cases, generated, failures }: PartResult, hurry: number): Finding[] {
  return [
    {
      what: `schemathesis: cases, ${name}`,
      measured: String(generated),
      goal: `≥ ${cases}`,
      reached: generated >= cases / hurry,
    },
    {
      what: `schemathesis: failed checks, ${name}`,
      measured: String(failures.length),
      goal: '0',
      reached: failures.length === 0,
    },
  ];
}
