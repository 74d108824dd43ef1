import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { RunMirror } from '../../src/tracking/record-run.js';
import type { RunRecord } from '../../src/tracking/run-record.js';

/** A record with something of everything that MLflow is told. */
export const MLFLOW_RUN: RunRecord = {
  formatVersion: 1,
  command: 'train',
  status: 'running',
  options: { learningRate: 5e-5, truncation: 'head+tail', overwriteOutputDir: false, dropout: null },
  data: { train: { sha256: 'a'.repeat(64), rows: 40 } },
  model: { path: '/models/base', sha256: 'b'.repeat(64) },
  environment: {
    node: '20.19.0',
    onnxruntime: '1.30.0',
    platform: 'linux',
    host: 'somewhere',
    cpu: 'a processor',
    cores: 2,
    memoryBytes: 8e9,
    commit: 'c'.repeat(40),
    modified: false,
  },
  evaluations: [],
  timing: { startedAt: '2026-11-24T10:00:00.000Z', updatedAt: '2026-11-24T10:00:00.000Z', seconds: 0, resumes: 0 },
  peakMemoryBytes: 1e9,
  pid: 1,
};

/** Tells a mirror of a run that is stopped after two steps, and another of its second process, which finishes it. */
export async function mirrorTwice(dir: string, open: () => RunMirror): Promise<void> {
  await mkdir(join(dir, 'results'), { recursive: true });
  await mkdir(join(dir, 'checkpoint-2'), { recursive: true });
  await writeFile(join(dir, 'run.json'), '{}\n');
  await writeFile(join(dir, 'results', 'curve of loss.png'), 'a picture');
  await writeFile(join(dir, 'checkpoint-2', 'state'), 'not for MLflow');
  const first = open();
  first.begin(dir, MLFLOW_RUN);
  first.log({ step: 1, epoch: 0, loss: 0.7, secondsLeft: 9 });
  first.log({ step: 2, epoch: 0, loss: NaN, eval_f1: 0.5 });
  const files = ['run.json', 'results/curve of loss.png'].map((name) => ({ path: join(dir, name), name }));
  await first.end({ ...MLFLOW_RUN, status: 'stopped' }, files);
  const timing = { ...MLFLOW_RUN.timing, resumes: 1 };
  const second = open();
  second.begin(dir, { ...MLFLOW_RUN, timing });
  second.log({ step: 3, epoch: 1, loss: 0.6 });
  const evaluations = [{ step: 3, eval_f1: 0.75 }];
  await second.end({ ...MLFLOW_RUN, timing, evaluations, status: 'finished', metrics: { 'test.int8.f1': 0.8 } }, files);
}
