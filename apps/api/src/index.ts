export { ChildProcessPool } from './inference/child-process-pool.js';
export type { ChildProcessPoolOptions } from './inference/child-process-pool.js';
export type { InferencePool } from './inference/inference-pool.js';
export { createPooledInference } from './inference/pooled-inference.js';
export { openServedModel } from './inference/served-model.js';
export type { ServedModel } from './inference/served-model.js';
export { buildOpenApiDocument } from './openapi/open-api-document.js';
export { createServer } from './server.js';
export type { MarqueeServer, ServerDependencies } from './server.js';
