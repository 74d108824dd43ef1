import type { Explanation } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import { WorkerProcess } from '../lifecycle/worker-process.js';
import type { ExplainedModel, ExplainerOutcome, ExplainerReply, ExplainerRequest } from './explainer-messages.js';
import type { ExplanationRequest } from './explanation-service.js';

/** Part of the time left that a method is told of: the rest is for the run that it is in when that time is up. */
const TIME_SHARE = 0.9;
/** A process that says nothing for so long after the deadline is taken for hung. */
const HANG_GRACE_MS = 10_000;

interface Pending {
  readonly id: number;
  resolve(outcome: ExplainerOutcome): void;
  reject(error: Error): void;
}

/** One process with one model, explaining one text at a time. */
export class ExplainerProcess {
  readonly #worker: WorkerProcess<ExplainerRequest, ExplainerReply>;
  #pending: Pending | undefined;
  /** Tokens that were run for the text in hand. */
  #tokens = 0;
  #lastId = 0;

  constructor(
    readonly model: ExplainedModel,
    { module, niceness }: { readonly module: URL; readonly niceness: number },
  ) {
    this.#worker = new WorkerProcess<ExplainerRequest, ExplainerReply>({
      module,
      niceness,
      onReply: (reply) => this.#receive(reply),
    });
    void this.#worker.exited.then((reason) => {
      this.#pending?.reject(failed(new Error(`the explainer process ${reason}`)));
    });
  }

  get pid(): number | undefined {
    return this.#worker.pid;
  }

  get hasEnded(): boolean {
    return this.#worker.hasEnded;
  }

  /** Throws ApiError as `ExplanationService.explain`, and the signal's reason once the process has let go of the text. */
  async explain({ text, method, deadlineMs, signal, charge }: ExplanationRequest): Promise<Explanation> {
    if (this.#pending) throw new Error('bug: an explainer process was given a second text');
    const id = ++this.#lastId;
    this.#tokens = 0;
    const timeoutMs = Math.max(1, TIME_SHARE * (deadlineMs - performance.now()));
    const cancel = (): void => this.#worker.send({ type: 'cancel', id });
    const hang = setTimeout(() => this.#worker.kill(), timeoutMs + HANG_GRACE_MS);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const outcome = await new Promise<ExplainerOutcome>((resolve, reject) => {
        this.#pending = { id, resolve, reject };
        this.#worker.send({ type: 'explain', id, model: this.model, text, method, timeoutMs });
      });
      if (outcome.type === 'failed') throw toApiError(outcome);
      return outcome.explanation;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      clearTimeout(hang);
      signal.removeEventListener('abort', cancel);
      this.#pending = undefined;
      if (this.#tokens > 0) await charge(this.#tokens);
    }
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  #receive(reply: ExplainerReply): void {
    if (reply.id !== this.#pending?.id) return;
    if (reply.type === 'spent') this.#tokens += reply.tokens;
    else this.#pending.resolve(reply);
  }
}

function toApiError({ code, message }: ExplainerOutcome & { type: 'failed' }): ApiError {
  const cause = new Error(`${code}: ${message}`);
  switch (code) {
    case 'SALIENCY_UNAVAILABLE':
      return new ApiError(
        'EXPLANATION_UNAVAILABLE',
        'The model has no gradients for integrated_gradients, which npm run export adds: use occlusion, lime or shap',
        { cause },
      );
    case 'DEADLINE_EXCEEDED':
      return new ApiError('DEADLINE_EXCEEDED', 'The time was too short for a first estimate', { cause });
    case 'VERSION_CHANGED':
      return new ApiError('MODEL_NOT_LOADED', 'The model’s folder holds another version than the one that serves', {
        cause,
      });
    default:
      return failed(cause);
  }
}

const failed = (cause: Error): ApiError =>
  new ApiError('EXPLANATION_FAILED', 'Explanation failed: the model could not process this review', { cause });
