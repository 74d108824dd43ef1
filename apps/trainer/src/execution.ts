import { add, DEFAULT_LOSS_SCALING, type HalfPrecision, input, type LossScaling, toModel } from '@marquee/autograd';
import { createSession, missingCudaLibraries, ModelCoreError, type SessionDevice } from '@marquee/model-core';

import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

/** Where and how a training computes. */
export interface Execution {
  readonly device: SessionDevice;
  readonly precision: 'fp32' | 'fp16';
  readonly stepsPerRun: number;
}

type Request = Pick<TrainOptions, 'device' | 'precision' | 'fp16' | 'stepsPerRun' | 'gradientAccumulationSteps'>;

/** The state of DistilBERT takes longer to cross to a device and back than a step takes there. */
const STEPS_PER_CUDA_RUN = 8;

/** Decides what was left open: CUDA where it can be used, with float16, else the CPU with float32. Throws `INVALID_OPTION` for what excludes each other. */
export async function resolveExecution(request: Request): Promise<Execution> {
  const { precision, fp16, gradientAccumulationSteps: accumulation } = request;
  if (fp16 && precision === 'fp32') throw invalid('--fp16: expected no --precision beside it, or fp16, got fp32');
  const device = await resolveDevice(request.device);
  const open = device === 'cuda' ? 'fp16' : 'fp32';
  const stepsPerRun = request.stepsPerRun ?? (device === 'cuda' && accumulation === 1 ? STEPS_PER_CUDA_RUN : 1);
  if (stepsPerRun > 1 && accumulation > 1)
    throw invalid(`--steps-per-run: expected 1 with --gradient-accumulation-steps, got ${stepsPerRun}`);
  return { device, precision: fp16 ? 'fp16' : precision === 'auto' ? open : precision, stepsPerRun };
}

export const halfPrecisionOf = ({ device, precision }: Execution): HalfPrecision | undefined =>
  precision === 'fp32' ? undefined : device === 'cuda' ? 'float16' : 'emulated';

export const lossScalingOf = ({ precision }: Execution): LossScaling | undefined =>
  precision === 'fp32' ? undefined : DEFAULT_LOSS_SCALING;

async function resolveDevice(requested: Request['device']): Promise<SessionDevice> {
  if (requested === 'cpu') return 'cpu';
  const obstacle = await cudaObstacle();
  if (obstacle === undefined) return 'cuda';
  if (requested === 'auto') return 'cpu';
  throw invalid(`--device: cuda cannot be used: ${obstacle}`);
}

/** Libraries may be there where a GPU is not: only a session tells. */
async function cudaObstacle(): Promise<string | undefined> {
  const missing = missingCudaLibraries();
  if (missing !== undefined) return missing;
  const x = input('x', 'float32', [1]);
  try {
    const trial = await createSession(toModel({ name: 'trial', inputs: [x], outputs: { y: add(x, 1) } }), {
      device: 'cuda',
    });
    await trial.release();
    return undefined;
  } catch (error) {
    if (error instanceof ModelCoreError) return error.message;
    throw error;
  }
}

const invalid = (message: string): TrainerError => new TrainerError('INVALID_OPTION', message);
