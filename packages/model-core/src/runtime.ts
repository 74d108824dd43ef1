import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// Before ONNX Runtime, which reads it once.
import './no-telemetry.js';

import { env, InferenceSession, Tensor } from 'onnxruntime-node';

import { messageOf, ModelCoreError } from './errors.js';

export { Tensor };

/** Element types that this project's graphs use. float16 data is a Uint16Array on Node 20 and 22, a Float16Array on 24. */
export type TensorType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool';

/** Where a session runs. */
export type SessionDevice = 'cpu' | 'cuda';

/** How ONNX Runtime builds and runs a session. What is left out keeps ONNX Runtime's own default. */
export interface SessionOptions {
  /** Default `cpu`. `cuda` needs the provider's libraries, see `missingCudaLibraries`. */
  readonly device?: SessionDevice;
  /** Ordinal of the CUDA device, default 0. The provider takes no other option from JavaScript. */
  readonly deviceId?: number;
  /** Threads that share one operator's work; 0 or absent: one per physical core. */
  readonly intraOpThreads?: number;
  /** Threads that run independent operators; used only with `executionMode: 'parallel'`. */
  readonly interOpThreads?: number;
  /** Default `sequential`, which is best for graphs that are one chain, as a transformer is. */
  readonly executionMode?: 'sequential' | 'parallel';
  /** Keep freed memory in an arena: faster, and resident memory stays at its peak. Default true. */
  readonly enableCpuMemArena?: boolean;
  /** Plan one block per input shape. Pays when shapes repeat, grows with each new shape. Default true. */
  readonly enableMemPattern?: boolean;
  /** Default `all`. */
  readonly graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  /** Write a Chrome trace named `<prefix>_<date>.json` when the session is released. */
  readonly profilePrefix?: string;
  /** 0 verbose, 1 info, 2 warning, 3 error, 4 fatal, to stderr. Default 3. */
  readonly logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  /** ONNX Runtime's session configuration entries, such as `{ 'session.set_denormal_as_zero': '1' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * One loaded graph. `run` blocks the event loop while it computes, and a process that ends (or a worker thread that is
 * terminated) inside a run aborts: do it in a child process where that matters. Releasing does not give all memory
 * back, so retire processes rather than sessions.
 */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph. `fetches` names the outputs wanted (default: all); a tensor given for a name receives the result,
   * `null` lets ONNX Runtime allocate it. Throws `RUN_FAILED`, and `CLOSED` after `release`.
   */
  run(feeds: Readonly<Record<string, Tensor>>, fetches?: SessionFetches): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export type SessionFetches = Readonly<Record<string, Tensor | null>> | readonly string[];

/**
 * Builds a session from the bytes of an ONNX file. Throws `DEVICE_UNAVAILABLE` when CUDA cannot be used, with what is
 * missing, and `SESSION_FAILED` when ONNX Runtime refuses the model.
 */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  if (options.device === 'cuda') {
    const missing = missingCudaLibraries();
    if (missing !== undefined)
      throw new ModelCoreError('DEVICE_UNAVAILABLE', `device "cuda" cannot be used: ${missing}`);
  }
  try {
    const session = await InferenceSession.create(model, toNativeOptions(options));
    return wrapSession(session, options.profilePrefix !== undefined);
  } catch (cause) {
    // The message names the provider only when the provider is at fault: its libraries load late, on first use.
    if (options.device === 'cuda' && /cuda|cudnn|cublas|shared library/i.test(messageOf(cause))) {
      throw new ModelCoreError('DEVICE_UNAVAILABLE', `device "cuda" cannot be used: ${messageOf(cause)}`, { cause });
    }
    throw new ModelCoreError('SESSION_FAILED', `ONNX Runtime refused the model: ${messageOf(cause)}`, { cause });
  }
}

/**
 * What keeps the CUDA provider from loading as far as files can tell, or undefined. The npm package leaves the
 * provider's libraries out (they are 400 MB); onnxruntime-node's own install script fetches them on Linux x64.
 */
export function missingCudaLibraries(): string | undefined {
  const platform = `${process.platform}/${process.arch}`;
  if (platform !== 'linux/x64') return `ONNX Runtime has a CUDA provider for linux/x64, and this is ${platform}`;
  const packageDir = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '..');
  const libraryDir = join(packageDir, 'bin', 'napi-v6', 'linux', 'x64');
  const missing = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'].filter(
    (name) => !existsSync(join(libraryDir, name)),
  );
  if (missing.length === 0) return undefined;
  // Clients of a server read this: it names the package, not where this machine keeps it.
  return `${missing.join(' and ')} missing in onnxruntime-node/bin/napi-v6/linux/x64; onnxruntime-node/script/install.js fetches them`;
}

/** ONNX Runtime's version, for reports. */
export function runtimeVersion(): string {
  return env.versions.node ?? env.versions.common;
}

function toNativeOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const useArena = options.enableCpuMemArena ?? true;
  return {
    // The CPU provider stands second on CUDA: it takes the operators that CUDA has no kernel for.
    executionProviders:
      options.device === 'cuda'
        ? [
            { name: 'cuda', deviceId: options.deviceId ?? 0 },
            { name: 'cpu', useArena },
          ]
        : [{ name: 'cpu', useArena }],
    intraOpNumThreads: options.intraOpThreads ?? 0,
    interOpNumThreads: options.interOpThreads ?? 0,
    executionMode: options.executionMode ?? 'sequential',
    enableCpuMemArena: useArena,
    enableMemPattern: options.enableMemPattern ?? true,
    graphOptimizationLevel: options.graphOptimizationLevel ?? 'all',
    logSeverityLevel: options.logSeverityLevel ?? 3,
    ...(options.config ? { extra: { ...options.config } } : {}),
    ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  };
}

function wrapSession(session: InferenceSession, profiled: boolean): Session {
  let closed = false;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      if (closed) throw new ModelCoreError('CLOSED', 'the session was released before this run');
      try {
        // A graph with an output that is no tensor (a sequence, a map) is none of this project's.
        return await (fetches === undefined ? session.run(feeds) : session.run(feeds, fetches));
      } catch (cause) {
        throw new ModelCoreError('RUN_FAILED', `ONNX Runtime could not run the model: ${messageOf(cause)}`, { cause });
      }
    },
    async release() {
      if (closed) return;
      closed = true;
      if (profiled) session.endProfiling();
      await session.release();
    },
  };
}
