// npm run bench:parity -- --python PATH: our training and inference beside PyTorch and transformers, live and at full size.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { type DistilBertConfig, HEAD_PARAMETERS, importWeights, parseConfig, type Weights } from '@marquee/distilbert';
import { decodeSafetensors } from '@marquee/safetensors';

import { compareArtifact } from './artifact-parity.js';
import { BenchError } from './bench-error.js';
import { type CommandOptions, runCommand } from './command.js';
import { describeMachine } from './machine.js';
import { markdownTable } from './markdown-table.js';
import { type Check, isPassed, relativeError } from './parity-check.js';
import { askReference, type EncodeReference } from './parity-reference.js';
import { randomWeights, SHAPE_NAMES, shapeConfig, shapeLabel } from './shapes.js';
import { SHIPPED_TRANSFORMER } from './shipped-model.js';
import { withTemporaryFolder } from './temporary-folder.js';
import { compareTraining, RELATIVE_LIMIT, writeModel } from './training-parity.js';

interface Plan {
  readonly python: string;
  readonly dir: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly tokens: number;
}

/** Prints one table and says whether every check passed. */
function report(title: string, checks: readonly Check[]): boolean {
  console.log(`${title}\n`);
  console.log(
    markdownTable<Check>(
      [
        { title: 'compared', cell: ({ subject }) => subject },
        { title: 'largest error', align: 'right', cell: ({ error }) => (error === 0 ? '0' : error.toExponential(1)) },
        {
          title: 'limit',
          align: 'right',
          cell: ({ limit }) => (limit === undefined ? '—' : limit === 0 ? '0' : limit.toExponential(0)),
        },
        { title: '', cell: (check) => (check.limit === undefined ? '' : isPassed(check) ? 'passed' : 'FAILED') },
        { title: 'note', cell: ({ note = '' }) => note },
      ],
      checks,
    ),
  );
  return checks.every(isPassed);
}

async function reportTraining(
  title: string,
  config: DistilBertConfig,
  weights: Weights,
  plan: Plan,
  more: readonly Check[] = [],
): Promise<boolean> {
  const { versions, parameters, checks } = await compareTraining(config, weights, plan);
  const peer = `PyTorch ${versions.torch}, transformers ${versions.transformers}`;
  return report(`${title}: ${parameters} parameters, ${plan.batchSize} × ${plan.tokens} tokens with padding; ${peer}`, [
    ...more,
    ...checks,
  ]);
}

/** A BERT folder: first that it becomes a DistilBERT without a difference, then as any DistilBERT, under a random head. */
async function reportEncoder(folder: string, plan: Plan): Promise<boolean> {
  const configFile = join(folder, 'config.json');
  const parsed = parseConfig(JSON.parse(await readFile(configFile, 'utf8')), configFile);
  const config = { ...parsed, dropout: 0, attention_dropout: 0, seq_classif_dropout: 0 };
  const file = join(folder, 'model.safetensors');
  const { weights: encoder } = importWeights(decodeSafetensors(await readFile(file), file).tensors, config, file);
  const weights = new Map(encoder);
  const head = randomWeights(config, 2);
  for (const name of HEAD_PARAMETERS) weights.set(name, head.get(name) as NonNullable<ReturnType<typeof head.get>>); // randomWeights draws every parameter
  const converted = join(plan.dir, 'converted');
  await writeModel(converted, config, weights);
  const encode = async (model: string): Promise<number[]> => {
    const { cls } = (await askReference(plan.python, 'encode', {
      model,
      'batch-size': plan.batchSize,
      tokens: plan.tokens,
    })) as EncodeReference;
    return cls.flat();
  };
  const error = relativeError(await encode(converted), await encode(folder));
  const conversion: Check = {
    subject: '[CLS] rows after conversion, PyTorch on both sides (relative)',
    error,
    limit: RELATIVE_LIMIT,
  };
  return reportTraining(`Encoder of ${basename(resolve(folder))} under a random head`, config, weights, plan, [
    conversion,
  ]);
}

async function runParity(options: CommandOptions, dir: string): Promise<boolean> {
  const python = options.path('python');
  if (python === undefined)
    throw new BenchError('INVALID_ARGUMENT', '--python: expected a Python with torch and transformers, got nothing');
  const plan = {
    python,
    steps: options.count('steps', 10),
    batchSize: options.count('batch-size', 4),
    tokens: options.count('tokens', 32),
  };
  const minilm = options.path('minilm');
  const artifact = options.path('model') ?? SHIPPED_TRANSFORMER;
  console.log(`${describeMachine()}\n`);
  const passed: boolean[] = [];
  const inFolder = async (name: string, work: (folder: string) => Promise<boolean>): Promise<void> => {
    console.error(`comparing ${name}`);
    const folder = await mkdtemp(join(dir, 'part-'));
    passed.push(await work(folder));
    await rm(folder, { recursive: true });
  };
  for (const shape of options.list('shapes', SHAPE_NAMES)) {
    const config = shapeConfig(shape);
    const title = `${shapeLabel(shape)}, random weights`;
    await inFolder(title, (folder) =>
      reportTraining(title, config, randomWeights(config, 1), { ...plan, dir: folder }),
    );
  }
  if (minilm !== undefined) await inFolder(minilm, (folder) => reportEncoder(minilm, { ...plan, dir: folder }));
  if (artifact !== undefined) {
    await inFolder(artifact, async (folder) =>
      report(`${basename(resolve(artifact))} through from_pretrained`, await compareArtifact(python, artifact, folder)),
    );
  }
  return passed.every(Boolean);
}

await runCommand(
  'Compares our graphs with PyTorch and transformers: logits, loss, every gradient, and every weight after AdamW steps. Status 1 beyond a limit.',
  {
    python: { kind: 'path', help: 'a Python with torch, transformers and safetensors; required' },
    shapes: { kind: 'text', help: `random models, of ${SHAPE_NAMES.join(', ')}`, fallback: 'all' },
    minilm: { kind: 'path', help: 'a BERT folder, to train from its real weights' },
    model: { kind: 'path', help: 'an artifact of ours', fallback: "artifacts/marquee's transformer" },
    steps: { kind: 'count', help: 'AdamW steps', fallback: '10' },
    'batch-size': { kind: 'count', help: 'rows of the batch', fallback: '4' },
    tokens: { kind: 'count', help: 'tokens of the longest row', fallback: '32' },
  },
  (options) =>
    withTemporaryFolder(async (dir) => {
      if (!(await runParity(options, dir))) process.exitCode = 1;
    }),
);
