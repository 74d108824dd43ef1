import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Prediction } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import { StartError } from '../lifecycle/start-error.js';
import type { ChildModel, ChildReply, ChildRequest, LoadedModel } from './child-messages.js';

export interface InferenceProcessOptions {
  readonly model: ChildModel;
  /** Compiled entry of the child. */
  readonly childModule: URL;
  /** A run that takes longer is taken for a hang: the process is killed. */
  readonly runTimeoutMs: number;
  /** Time that a process has to end by itself before it is killed. */
  readonly exitTimeoutMs: number;
}

/** The process died, or was killed, before it answered: the same review may be tried on another one. */
export class ProcessLostError extends Error {
  override readonly name = 'ProcessLostError';
}

interface Pending<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** One inference process, doing one run at a time. */
export class InferenceProcess {
  readonly #child: ChildProcess;
  readonly #options: InferenceProcessOptions;
  readonly #exited: Promise<void>;
  readonly #loaded: Promise<LoadedModel>;
  #loading: Pending<LoadedModel> | undefined;
  #run: (Pending<Prediction> & { readonly id: number }) | undefined;
  #lost: ProcessLostError | undefined;
  #lastId = 0;

  constructor(options: InferenceProcessOptions) {
    this.#options = options;
    this.#child = fork(fileURLToPath(options.childModule), [], {
      execArgv: [], // an inspector's port belongs to the server
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (reply: ChildReply) => this.#receive(reply));
    this.#exited = new Promise((resolve) => {
      const onEnd = (reason: string) => () => {
        this.#fail(new ProcessLostError(`inference process ${this.#child.pid ?? ''} ${reason}`));
        resolve();
      };
      this.#child.once('error', (error) => onEnd(`could not run: ${error.message}`)());
      this.#child.once('exit', (code, signal) => onEnd(`ended by ${signal ?? `exit code ${code}`}`)());
    });
    this.#loaded = new Promise((resolve, reject) => {
      this.#loading = { resolve, reject };
    });
    this.#send({ type: 'load', model: options.model });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process has ended, whatever the reason. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** Resolves when the model is loaded. Throws StartError MODEL_UNUSABLE, or ProcessLostError. */
  get loaded(): Promise<LoadedModel> {
    return this.#loaded;
  }

  /** Throws ApiError PREDICTION_FAILED when the model failed, ProcessLostError when the process did. */
  async predict(text: string): Promise<Prediction> {
    if (this.#run !== undefined) throw new Error('bug: an inference process was given a second run');
    if (this.#lost !== undefined) throw this.#lost;
    const id = ++this.#lastId;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#options.runTimeoutMs);
    try {
      return await new Promise<Prediction>((resolve, reject) => {
        this.#run = { id, resolve, reject };
        this.#send({ type: 'predict', id, text });
      });
    } finally {
      clearTimeout(timer);
      this.#run = undefined;
    }
  }

  /** Asks the process to end by closing its channel, and kills it when it does not. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#options.exitTimeoutMs);
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    clearTimeout(timer);
  }

  #send(request: ChildRequest): void {
    // A failure to send means that the process is gone; 'exit' tells who waits.
    this.#child.send(request, () => {});
  }

  #receive(reply: ChildReply): void {
    if (reply.type === 'loaded') {
      this.#loading?.resolve(reply.loaded);
    } else if (reply.type === 'load-failed') {
      this.#loading?.reject(new StartError('MODEL_UNUSABLE', reply.message));
    } else if (reply.id === this.#run?.id) {
      if (reply.type === 'prediction') this.#run.resolve(reply.prediction);
      else this.#run.reject(predictionFailed(new Error(reply.message)));
    }
  }

  #fail(error: ProcessLostError): void {
    this.#lost = error;
    this.#loading?.reject(error);
    this.#run?.reject(error);
  }
}

export function predictionFailed(cause: unknown): ApiError {
  return new ApiError('PREDICTION_FAILED', 'Prediction failed: the model could not process this review', { cause });
}
