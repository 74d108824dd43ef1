export { CLIENT_ERROR_CODES, ClientError } from './client-error.js';
export type { ClientErrorCode } from './client-error.js';
export { MarqueeClient } from './marquee-client.js';
export type { CallOptions, ExplainOptions } from './marquee-client.js';
export type { ClientOptions } from './client-options.js';
