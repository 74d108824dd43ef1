// npm run bench:serving: what the service does under load, beside what a user would run instead, and when things go wrong.
import { fileURLToPath } from 'node:url';

import { type CommandOptions, runCommand } from './command.js';
import { describeMachine } from './machine.js';
import { SHAPE_NAMES } from './shapes.js';
import { batch, express, shipped, single } from './serving/compare-throughput.js';
import { hostile } from './serving/hostile.js';
import { kills } from './serving/kills.js';
import { memory } from './serving/memory.js';
import { overload } from './serving/overload.js';
import { type BenchContext, type Finding, findingsTable, formatReport, type Scenario } from './serving/scenario.js';
import { readServedReviews } from './serving/served-reviews.js';
import { openServingModels } from './serving/serving-models.js';
import { slowClients } from './serving/slow-clients.js';
import { soak } from './serving/soak.js';
import { stops } from './serving/stops.js';
import { swaps } from './serving/swaps.js';
import { withTemporaryFolder } from './temporary-folder.js';

const SHIPPED_MODEL = fileURLToPath(new URL('../../artifacts/marquee', import.meta.url));
/** The largest batch that the API takes. */
const BLOCK_SIZE = 32;

const SCENARIOS = {
  single,
  batch,
  shipped,
  express,
  overload,
  stops,
  kills,
  swaps,
  'slow-clients': slowClients,
  soak,
  memory,
  hostile,
} as const satisfies Record<string, Scenario>;
type ScenarioName = keyof typeof SCENARIOS;
const NAMES = Object.keys(SCENARIOS) as ScenarioName[];

async function openContext(options: CommandOptions, dir: string): Promise<BenchContext> {
  const model = options.path('model') ?? SHIPPED_MODEL;
  const python = options.path('python');
  const models = await openServingModels({ dir, model, python });
  const reviews = await readServedReviews({
    file: options.path('reviews'),
    tokenizerDir: models.transformerDir,
    blocks: options.count('blocks', 16),
    blockSize: BLOCK_SIZE,
  });
  return {
    pairs: options.count('pairs', 7),
    seconds: options.count('seconds', 5),
    hurry: options.count('hurry', 1),
    shapes: options.list('shapes', SHAPE_NAMES),
    distilbert: options.path('distilbert'),
    model,
    python,
    models,
    reviews,
    dir,
    disturbances: [],
    say: (progress) => console.error(progress),
  };
}

async function runScenarios(context: BenchContext, names: readonly ScenarioName[]): Promise<void> {
  console.log(`${describeMachine()}; ${new Date().toISOString().slice(0, 10)}\n`);
  const findings: Finding[] = [];
  for (const name of names) {
    context.say(name);
    context.disturbances.length = 0;
    try {
      const report = await SCENARIOS[name].run(context);
      console.log(formatReport(report));
      for (const reason of context.disturbances) console.log(`A turn was measured again: ${reason}\n`);
      findings.push(...report.findings);
    } catch (error) {
      // The figures of the others are still wanted.
      console.error(`bench: ${name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  if (names.length > 1) console.log(`### All of it\n\n${findingsTable(findings)}`);
}

await runCommand(
  `Figures of the service, each beside its goal. Scenarios, \`all\` for every one of them:\n${NAMES.map((name) => `  ${name.padEnd(13)} ${SCENARIOS[name].help}`).join('\n')}`,
  {
    pairs: { kind: 'count', help: 'turns of each contender', fallback: '7' },
    seconds: { kind: 'count', help: 'about how long a turn takes', fallback: '5' },
    shapes: { kind: 'text', help: `of ${SHAPE_NAMES.join(', ')}`, fallback: 'all' },
    python: {
      kind: 'path',
      help: 'a Python with fastapi, uvicorn, torch, transformers and optimum-onnx, for the peers',
    },
    model: { kind: 'path', help: 'the artifact that is served', fallback: 'artifacts/marquee' },
    distilbert: { kind: 'path', help: 'a trained DistilBERT for FastAPI + PyTorch', fallback: 'random weights' },
    reviews: { kind: 'path', help: 'a CSV or CSV.gz of labeled reviews', fallback: 'synthetic ones' },
    blocks: {
      kind: 'count',
      help: `blocks of ${BLOCK_SIZE} reviews of like lengths that requests are made of`,
      fallback: '16',
    },
    hurry: { kind: 'count', help: 'divides what lasts minutes, to try a scenario out', fallback: '1' },
  },
  async (options) => {
    const words = options.words([...NAMES, 'all'] as const);
    const names = words.length === 0 || words.includes('all') ? NAMES : NAMES.filter((name) => words.includes(name));
    await withTemporaryFolder(async (dir) => runScenarios(await openContext(options, dir), names));
  },
  true,
);
