import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { runCli } from '../src/cli.js';
import { createProgress } from '../src/progress.js';
import { TRAIN_OPTION_SPECS } from '../src/train-options.js';
import { startMain } from './support/child.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';

let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
  await writeTinyModel(join(cwd, 'base'));
  await writeCsv(join(cwd, 'train.csv'), tinyRows(20));
});

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, from the temporary folder. */
async function run(line: string, stopRequested = (): boolean => false): Promise<Answer> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(line.split(' ').filter(Boolean), {
    cwd,
    shippedModel: join(cwd, 'base'),
    sampleFile: join(cwd, 'train.csv'),
    progress: createProgress({ write: (text) => (stderr += text) }),
    hub: { endpoint: 'http://127.0.0.1:1', cacheDir: join(cwd, 'hub'), offline: true },
    write: (text) => (stdout += text),
    stopRequested,
  });
  return { code, stdout, stderr };
}

describe('a wrong command line says what is wrong, and what was expected', () => {
  const TINY = '--train-file train.csv';
  const complaints: Record<string, string> = {
    'train --learning-rat 1':
      "unknown option '--learning-rat' (Did you mean --learning-rate?); --help lists what there is",
    'train --sede=1': "unknown option '--sede' (Did you mean --seed?); --help lists what there is",
    'train --num-epochs 1':
      "unknown option '--num-epochs' (Did you mean --num-train-epochs?); --help lists what there is",
    'train --evaluation_strategy epoch':
      "unknown option '--evaluation-strategy' (Did you mean --eval-strategy?); --help lists what there is",
    'train --batch-size 8':
      "unknown option '--batch-size' (Did you mean --per-device-train-batch-size?); --help lists what there is",
    'train --warmup_steps 10':
      "unknown option '--warmup-steps' (Did you mean --warmup-ratio?); --help lists what there is",
    'train --label_smoothing=0.1':
      "unknown option '--label-smoothing' (Did you mean --label-smoothing-factor?); --help lists what there is",
    'pretrain --per_gpu_train_batch_size 8':
      "unknown option '--per-gpu-train-batch-size' (Did you mean --per-device-train-batch-size?); --help lists what there is",
    'train --confg a.yaml': "unknown option '--confg' (Did you mean --config?); --help lists what there is",
    'train --foo': "unknown option '--foo'; --help lists what there is",
    'train --max-steps 9': "unknown option '--max-steps'; --help lists what there is",
    '--sede 1': "unknown option '--sede'; --help lists what there is",
    trian: "unknown command 'trian' (Did you mean train?); --help lists what there is",
    'train --seed': "option '--seed <integer>' argument missing; --help lists what there is",
    'train reviews.csv': "too many arguments for 'train'. Expected 0 arguments but got 1.; --help lists what there is",
    [`train ${TINY} --seed one`]: '--seed: expected an integer of at least 0 below 4294967296, got "one"',
    [`train ${TINY} --seed -1`]: '--seed: expected an integer of at least 0 below 4294967296, got "-1"',
    [`train ${TINY} --seed 1.5`]: '--seed: expected an integer of at least 0 below 4294967296, got "1.5"',
    [`train ${TINY} --seed 4294967296`]: '--seed: expected an integer of at least 0 below 4294967296, got "4294967296"',
    [`train ${TINY} --seed=`]: '--seed: expected an integer of at least 0 below 4294967296, got ""',
    [`train ${TINY} --learning-rate NaN`]: '--learning-rate: expected a number of at least 0, got "NaN"',
    [`train ${TINY} --warmup-ratio 1`]: '--warmup-ratio: expected a number of at least 0 below 1, got "1"',
    [`train ${TINY} --truncation middle`]: '--truncation: expected one of head, tail, head+tail, got "middle"',
    [`train ${TINY} --eval-strategy no`]: '--eval-strategy: expected one of epoch, steps, got "no"',
    [`train ${TINY} --metric-for-best-model eval_f2`]:
      '--metric-for-best-model: expected one of f1, accuracy, precision, recall, mcc, roc_auc, pr_auc, loss, got "eval_f2"',
    [`train ${TINY} --seed 1 --seed 2`]: '--seed: expected once, given more than once (--a_b is --a-b)',
    [`train ${TINY} --max-seq-length 8 --max_seq_length=9`]:
      '--max-seq-length: expected once, given more than once (--a_b is --a-b)',
    [`train ${TINY} --resume-from-checkpoint`]:
      '--resume-from-checkpoint: expected a checkpoint, or --output-dir with the folder of the run',
    [`train ${TINY} --load-best-model-at-end no`]: '--load-best-model-at-end: expected true or false, got "no"',
    'evaluate --test-file train.csv': '--model: expected a path, got none; --help lists what there is',
    'evaluate --model base --test-file train.csv --graph int4': '--graph: expected one of auto, int8, fp32, got "int4"',
    export: '--model: expected a path, got none; --help lists what there is',
  };
  test.each(Object.entries(complaints))('%s', async (line, message) => {
    const error: unknown = await run(line).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message });
  });
});

describe('help', () => {
  test('names the commands', async () => {
    for (const line of ['', '--help', 'help']) {
      const { code, stdout } = await run(line);
      expect(code).toBe(0);
      expect(stdout).toMatch(/train .*fine-tune[^]*evaluate .*measure[^]*export .*write/);
    }
  });

  test('of train names every option under its Hugging Face name, with its default', async () => {
    const { stdout } = await run('train --help');
    for (const name of Object.keys(TRAIN_OPTION_SPECS)) {
      expect(stdout).toContain(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    }
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('largest learning rate of AdamW (default: 0.00005)');
    expect(stdout).toContain('npm run train -- --train-file reviews.csv');
  });
});

describe('train, evaluate and export', () => {
  const TINY = '--per_device_train_batch_size 4 --max_seq_length=24 --threads 1 --num-train-epochs 1';

  test('work one after the other, with relative paths and both spellings', async () => {
    const trained = await run(
      `train --train_file train.csv --output-dir first ${TINY} --validation-split-percentage 20`,
    );
    expect(trained.code).toBe(0);
    expect(trained.stderr).toContain('16 training, 4 validation reviews, 4 steps\n');
    expect(trained.stderr).toContain(
      `starting from ${join(cwd, 'base')} with a new classification head, drawn from seed 42\n`,
    );
    expect(trained.stderr).toMatch(
      /step 4\/4 {2}loss 0\.\d{4} {2}\d+ tokens\/s {2}0:00:00 left\nvalidation after step 4: accuracy/,
    );
    expect(trained.stderr).toContain(`serve it with: npm start -- --model ${join(cwd, 'first')}\n`);
    expect((await run('export --model first')).code).toBe(0);
    const evaluated = await run('evaluate --model first --test-file train.csv --output-dir results --graph fp32');
    expect(evaluated.code).toBe(0);
    expect(evaluated.stderr).toContain(
      `evaluation_results.json, pictures and report.html are in ${join(cwd, 'results')}\n`,
    );
    expect(existsSync(join(cwd, 'results', 'evaluation_results.json'))).toBe(true);
  });

  test('train without arguments takes the sample, the shipped model and a new folder in runs', async () => {
    const { code, stderr } = await run(`train ${TINY}`);
    expect(code).toBe(0);
    expect(stderr).toContain(`no --train-file: training on ${join(cwd, 'train.csv')}`);
    const folder = /the model is in (.*); serve/.exec(stderr)?.[1] ?? '';
    expect(folder).toMatch(new RegExp(`^${join(cwd, 'runs')}/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d$`));
    expect(existsSync(join(folder, 'manifest.json'))).toBe(true);
  });
});

test('explore asks the hub for a model that is no folder, as train does', async () => {
  for (const command of ['explore --data-file train.csv --output-dir explored', 'train --train-file train.csv']) {
    await expect(run(`${command} --model-name-or-path someone/tiny-bert`)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/^someone\/tiny-bert: /) as string,
    });
  }
});

test('a training that was stopped without an output folder goes on to leave its results where the user stands', async () => {
  const options = '--train-file train.csv --per-device-train-batch-size 4 --max-seq-length 24 --threads 1';
  const picture = join(cwd, 'results', 'training_curves.png');
  await rm(join(cwd, 'results'), { recursive: true, force: true });
  const { code, stderr } = await run(`train ${options} --num-train-epochs 1`, () => true);
  expect(code).toBe(130);
  const printed = /Go on with: npm run train -- (.*)\n/.exec(stderr)?.[1] ?? '';
  const [, folder = ''] = / --resume-from-checkpoint (\S+)$/.exec(printed) ?? [];
  expect(folder.startsWith(join(cwd, 'runs'))).toBe(true);
  expect(existsSync(picture)).toBe(false);
  expect((await run(`train ${printed}`)).code).toBe(0);
  expect(existsSync(picture)).toBe(true);
  expect(existsSync(join(folder, 'manifest.json'))).toBe(true);
  expect(existsSync(join(folder, 'results'))).toBe(false);
});

describe('the process', () => {
  test('ends with one sentence and a code that tells wrong arguments from wrong data', async () => {
    expect(await startMain(['train', '--sede', '1'], cwd).ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "marquee: unknown option '--sede' (Did you mean --seed?); --help lists what there is\n",
    });
    const missing = await startMain(
      ['train', '--train-file', 'nowhere.csv', '--model-name-or-path', 'base', '--max-seq-length', '24'],
      cwd,
    ).ended;
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^marquee: .*nowhere\.csv: .*\n$/);
    expect(existsSync(join(cwd, 'runs', 'nowhere'))).toBe(false);
  });
});
