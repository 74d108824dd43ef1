import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';

import { addOptions, parseCommandLine, resolveOptions } from '../src/command-line.js';
import { TRAIN_OPTION_SPECS } from '../src/train-options.js';
import { temporaryFolder } from './support/temporary-folder.js';

let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
});

/** The options that a command line of `train` gives, with this YAML file as its `--config options.yaml`. */
async function optionsOf(yaml: string, line = ''): Promise<Record<string, unknown>> {
  await writeFile(join(cwd, 'options.yaml'), yaml);
  const program = new Command();
  const command = program.command('train');
  addOptions(command, TRAIN_OPTION_SPECS, cwd);
  let parsed: Record<string, unknown> = {};
  command.action((given: Record<string, unknown>) => {
    parsed = given;
  });
  const words = ['train', '--config', 'options.yaml', ...line.split(' ').filter(Boolean)];
  await parseCommandLine(program, words, () => undefined);
  return resolveOptions(TRAIN_OPTION_SPECS, parsed, cwd);
}

describe('a file of options', () => {
  test('takes kebab, snake and camel case, and leaves the rest to the defaults', async () => {
    const options = await optionsOf('max-seq-length: 24\nlearning_rate: 5e-4\nnumTrainEpochs: 2\nadam_beta1: 0.8\n');
    expect(options).toMatchObject({ maxSeqLength: 24, learningRate: 5e-4, numTrainEpochs: 2, adamBeta1: 0.8 });
    expect(options).toMatchObject({ warmupRatio: 0.08, truncation: 'head+tail', dropout: undefined });
    expect(options).not.toHaveProperty('config');
  });

  test('gives way to the command line, also where a flag is taken back', async () => {
    const yaml = 'seed: 1\noverwrite-output-dir: true\nthreads: 3\n';
    expect(await optionsOf(yaml, '--seed 2')).toMatchObject({ seed: 2, overwriteOutputDir: true, threads: 3 });
    expect(await optionsOf(yaml, '--no-overwrite-output-dir')).toMatchObject({ seed: 1, overwriteOutputDir: false });
  });

  test('means relative paths from where the user stands', async () => {
    const options = await optionsOf('train-file: data/a.csv\nresume-from-checkpoint: true\ntext-column-name: 007\n');
    expect(options).toMatchObject({
      trainFile: join(cwd, 'data/a.csv'),
      resumeFromCheckpoint: true,
      textColumnName: '007',
    });
  });

  test('takes the name of a metric with eval_ before it, as the command line does', async () => {
    expect(await optionsOf('metric-for-best-model: eval_mcc\n')).toMatchObject({ metricForBestModel: 'mcc' });
    const line = '--metric_for_best_model eval_roc_auc';
    expect(await optionsOf('', line)).toMatchObject({ metricForBestModel: 'roc_auc' });
  });

  test('may be empty', async () => {
    expect(await optionsOf('# nothing yet\n')).toMatchObject({ seed: 42 });
  });
});

describe('a flaw in a file of options is refused with file, line and expectation', () => {
  const flaws: Record<string, readonly [yaml: string, message: string]> = {
    'a misspelled name': [
      'seed: 1\nlerning_rate: 1\n',
      " line 2: unknown option 'lerning_rate' (Did you mean learning-rate?)",
    ],
    'the name of another version': [
      'evaluation_strategy: steps\n',
      " line 1: unknown option 'evaluation_strategy' (Did you mean eval-strategy?)",
    ],
    'words of a name': [
      'batch-size: 8\n',
      " line 1: unknown option 'batch-size' (Did you mean per-device-train-batch-size?)",
    ],
    'a name like no other': ['zzz: 1\n', " line 1: unknown option 'zzz'; --help lists what there is"],
    'a name of every object': ['constructor: 1\n', " line 1: unknown option 'constructor'; --help lists what there is"],
    'a file within the file': ['config: a.yaml\n', " line 1: unknown option 'config'; --help lists what there is"],
    'a word for a number': [
      '\nseed: one\n',
      ' line 2: seed: expected an integer of at least 0 below 4294967296, got "one"',
    ],
    'a number out of range': [
      'warmup-ratio: 1\n',
      ' line 1: warmup-ratio: expected a number of at least 0 below 1, got "1"',
    ],
    'a word that is no choice': [
      'truncation: middle\n',
      ' line 1: truncation: expected one of head, tail, head+tail, got "middle"',
    ],
    'eval_ before what is no metric': [
      'truncation: eval_head\n',
      ' line 1: truncation: expected one of head, tail, head+tail, got "eval_head"',
    ],
    'a word for a flag': [
      'overwrite-output-dir: "yes"\n',
      ' line 1: overwrite-output-dir: expected true or false, got "yes"',
    ],
    'a list': ['seed: [1, 2]\n', ' line 1: seed: expected one value, got a list or a map'],
    'no value': ['seed:\n', ' line 1: seed: expected a value, got none'],
    'a name twice, in two spellings': [
      'max-seq-length: 8\nmax_seq_length: 9\n',
      ' line 2: max-seq-length: expected once, given more than once (a_b and aB are a-b)',
    ],
    'no map': ['- seed\n', ' line 1: expected options as "name: value"'],
    'no YAML': ['seed: 1\n"\n', ' line 2: expected YAML: Implicit keys need to be on a single line'],
  };
  test.each(Object.entries(flaws))('%s', async (_, [yaml, message]) => {
    const error: unknown = await optionsOf(yaml).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: `${join(cwd, 'options.yaml')}${message}` });
  });

  test('a file that is not there', async () => {
    const error: unknown = await optionsOf('', '')
      .then(() => resolveOptions(TRAIN_OPTION_SPECS, { config: '/nowhere.yaml' }, cwd))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: '--config: expected a YAML file, could not read /nowhere.yaml' });
  });
});
