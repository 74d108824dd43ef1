import { parseArgs } from 'node:util';
import { DEFAULT_ADMISSION_LIMITS } from './inference/admission.js';
import { StartError } from './lifecycle/start-error.js';
import { LOG_LEVELS } from './log.js';
import { BOOLEAN, HOST, HOSTS, NETWORKS, ORIGINS, REDIS_URL, choice, integer, path } from './setting-types.js';
import type { SettingType } from './setting-types.js';

interface SettingSpec<Value> {
  readonly group: string;
  /** Command-line option, which wins over the variable. */
  readonly flag: string;
  readonly variable: string;
  readonly type: SettingType<Value>;
  /** As it would be written in the variable; undefined where not setting it means something of its own. */
  readonly fallback: string | undefined;
  /** What not setting it means. Where there is a fallback, it says that itself. */
  readonly otherwise?: string;
  readonly help: string;
  /** Its value is not repeated in errors. */
  readonly secret?: true;
}

/** Everything that can be set from outside: the one table that is read, checked, shown by `--help` and documented. */
const SPECS = {
  modelDir: {
    group: 'Model',
    flag: 'model',
    variable: 'MARQUEE_MODEL',
    type: path('a folder'),
    fallback: undefined,
    otherwise: 'the model that ships',
    help: 'folder of the model',
  },
  device: {
    group: 'Model',
    flag: 'device',
    variable: 'MARQUEE_DEVICE',
    type: choice(['auto', 'cpu', 'cuda']),
    fallback: 'auto',
    help: 'where it runs: auto, cpu or cuda',
  },
  graph: {
    group: 'Model',
    flag: 'graph',
    variable: 'MARQUEE_GRAPH',
    type: choice(['auto', 'int8', 'fp32']),
    fallback: 'auto',
    help: 'which of its graphs runs: auto, int8 or fp32',
  },
  processes: {
    group: 'Model',
    flag: 'processes',
    variable: 'MARQUEE_PROCESSES',
    type: integer(1, 256),
    fallback: undefined,
    otherwise: 'one a core, fewer where each has more threads, one on CUDA',
    help: 'processes that hold the model',
  },
  threads: {
    group: 'Model',
    flag: 'threads',
    variable: 'MARQUEE_THREADS',
    type: integer(1, 256),
    fallback: undefined,
    otherwise: 'one',
    help: 'threads of one run',
  },
  port: {
    group: 'Network',
    flag: 'port',
    variable: 'PORT',
    type: integer(0, 65_535),
    fallback: '8000',
    help: 'port to listen on; 0 takes a free one',
  },
  host: {
    group: 'Network',
    flag: 'host',
    variable: 'HOST',
    type: HOST,
    fallback: '127.0.0.1',
    help: 'address to listen on',
  },
  tlsCert: {
    group: 'Network',
    flag: 'tls-cert',
    variable: 'MARQUEE_TLS_CERT',
    type: path('a file'),
    fallback: undefined,
    otherwise: 'plain HTTP',
    help: 'certificate chain in PEM: serves HTTPS',
  },
  tlsKey: {
    group: 'Network',
    flag: 'tls-key',
    variable: 'MARQUEE_TLS_KEY',
    type: path('a file'),
    fallback: undefined,
    otherwise: 'plain HTTP',
    help: 'private key of the certificate in PEM',
  },
  trustedProxies: {
    group: 'Network',
    flag: 'trusted-proxies',
    variable: 'MARQUEE_TRUSTED_PROXIES',
    type: NETWORKS,
    fallback: undefined,
    otherwise: 'none',
    help: 'proxies whose X-Forwarded-For is believed: addresses and networks',
  },
  headersTimeoutMs: {
    group: 'Network',
    flag: 'headers-timeout-ms',
    variable: 'MARQUEE_HEADERS_TIMEOUT_MS',
    type: integer(100, 600_000),
    fallback: '10000',
    help: 'time that a client has to send its headers',
  },
  bodyTimeoutMs: {
    group: 'Network',
    flag: 'body-timeout-ms',
    variable: 'MARQUEE_BODY_TIMEOUT_MS',
    type: integer(100, 600_000),
    fallback: '20000',
    help: 'time that a client has to send its body',
  },
  keepAliveTimeoutMs: {
    group: 'Network',
    flag: 'keep-alive-timeout-ms',
    variable: 'MARQUEE_KEEP_ALIVE_TIMEOUT_MS',
    type: integer(0, 3_600_000),
    fallback: '65000',
    help: 'time that an idle connection is kept; more than that of a proxy in front',
  },
  keysDir: {
    group: 'Access',
    flag: 'keys-dir',
    variable: 'MARQUEE_KEYS_DIR',
    type: path('a folder'),
    fallback: undefined,
    otherwise: '.marquee/keys in the repository',
    help: 'folder of the keys, which is watched',
  },
  allowAnonymous: {
    group: 'Access',
    flag: 'allow-anonymous',
    variable: 'MARQUEE_ALLOW_ANONYMOUS',
    type: BOOLEAN,
    fallback: 'false',
    help: 'serves anybody who reaches the port, as long as there is no key',
  },
  allowedHosts: {
    group: 'Access',
    flag: 'allowed-hosts',
    variable: 'MARQUEE_ALLOWED_HOSTS',
    type: HOSTS,
    fallback: undefined,
    otherwise: 'loopback names',
    help: 'other names in Host under which anonymous clients may ask',
  },
  corsOrigins: {
    group: 'Access',
    flag: 'cors-origins',
    variable: 'MARQUEE_CORS_ORIGINS',
    type: ORIGINS,
    fallback: undefined,
    otherwise: 'none',
    help: 'web origins whose pages may ask',
  },
  requestTimeoutMs: {
    group: 'Limits',
    flag: 'request-timeout-ms',
    variable: 'MARQUEE_REQUEST_TIMEOUT_MS',
    type: integer(1_000, 600_000),
    fallback: '30000',
    help: 'time for an answer; X-Request-Timeout-Ms asks for less',
  },
  drainTimeoutMs: {
    group: 'Limits',
    flag: 'drain-timeout-ms',
    variable: 'MARQUEE_DRAIN_TIMEOUT_MS',
    type: integer(1_000, 600_000),
    fallback: '20000',
    help: 'time to finish the work in hand at the end; less than whoever stops the server waits before it kills',
  },
  maxQueueReviews: {
    group: 'Limits',
    flag: 'max-queue-reviews',
    variable: 'MARQUEE_MAX_QUEUE_REVIEWS',
    type: integer(1, 1e9),
    fallback: String(DEFAULT_ADMISSION_LIMITS.maxReviews),
    help: 'reviews that may be unanswered at a time',
  },
  maxQueueTokens: {
    group: 'Limits',
    flag: 'max-queue-tokens',
    variable: 'MARQUEE_MAX_QUEUE_TOKENS',
    type: integer(1, 1e9),
    fallback: String(DEFAULT_ADMISSION_LIMITS.maxTokens),
    help: 'tokens that may wait at a time',
  },
  keyRequestsPerMinute: {
    group: 'Limits',
    flag: 'key-requests-per-minute',
    variable: 'MARQUEE_KEY_REQUESTS_PER_MINUTE',
    type: integer(1, 1e9),
    fallback: undefined,
    otherwise: 'no limit',
    help: 'requests of one key',
  },
  keyTokensPerMinute: {
    group: 'Limits',
    flag: 'key-tokens-per-minute',
    variable: 'MARQUEE_KEY_TOKENS_PER_MINUTE',
    type: integer(1, 1e9),
    fallback: undefined,
    otherwise: 'no limit',
    help: 'tokens of one key: a quarter of the bytes of its bodies',
  },
  addressRequestsPerMinute: {
    group: 'Limits',
    flag: 'address-requests-per-minute',
    variable: 'MARQUEE_ADDRESS_REQUESTS_PER_MINUTE',
    type: integer(1, 1e9),
    fallback: undefined,
    otherwise: 'no limit',
    help: 'requests of one address (IPv6: of one /64)',
  },
  addressTokensPerMinute: {
    group: 'Limits',
    flag: 'address-tokens-per-minute',
    variable: 'MARQUEE_ADDRESS_TOKENS_PER_MINUTE',
    type: integer(1, 1e9),
    fallback: undefined,
    otherwise: 'no limit',
    help: 'tokens of one address',
  },
  redisUrl: {
    group: 'Limits',
    flag: 'redis-url',
    variable: 'MARQUEE_REDIS_URL',
    type: REDIS_URL,
    fallback: undefined,
    otherwise: 'each server counts for itself',
    help: 'Redis that counts for several servers',
    secret: true,
  },
  logLevel: {
    group: 'Logs',
    flag: 'log-level',
    variable: 'MARQUEE_LOG_LEVEL',
    type: choice(LOG_LEVELS),
    fallback: 'info',
    help: `least that is logged: ${LOG_LEVELS.join(', ')}`,
  },
} as const satisfies Record<string, SettingSpec<unknown>>;

type Specs = typeof SPECS;
type SettingName = keyof Specs;
type TypeOf<Spec> = Spec extends { readonly type: SettingType<infer Value> } ? Value : never;

/** Folders that stand in for those that are not set. */
interface DefaultFolders {
  readonly modelDir: string;
  readonly keysDir: string;
}

/** All that was set from outside, checked; undefined where not setting it means something of its own. */
export type Settings = {
  readonly [Name in Exclude<SettingName, keyof DefaultFolders>]:
    TypeOf<Specs[Name]> | (Specs[Name]['fallback'] extends string ? never : undefined);
} & DefaultFolders;

export interface SettingsSource {
  /** Without the program and its file. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly cwd: string;
  readonly defaults: DefaultFolders;
}

export type SettingsRequest =
  { readonly kind: 'help'; readonly text: string } | { readonly kind: 'serve'; readonly settings: Settings };

/** Reads the settings: option, else variable that is not empty, else default. Throws StartError INVALID_SETTINGS. */
export function resolveSettings({ argv, env, cwd, defaults }: SettingsSource): SettingsRequest {
  const options = parseOptions(argv);
  if (options['help'] === true) return { kind: 'help', text: describeSettings() };
  const fallbacks: Readonly<Record<string, string>> = { ...defaults };
  const entries = Object.entries<SettingSpec<unknown>>(SPECS).map(([name, spec]) => {
    const option = options[spec.flag];
    const reading: Reading =
      typeof option === 'string'
        ? { source: `--${spec.flag}`, text: option }
        : { source: spec.variable, text: env[spec.variable] || spec.fallback };
    return [name, readSetting(spec, reading, cwd) ?? fallbacks[name]] as const;
  });
  const settings = Object.fromEntries(entries) as unknown as Settings; // each value was parsed as its spec says
  for (const { isMet, sentence } of AGREEMENTS) if (!isMet(settings)) throw invalid(sentence);
  return { kind: 'serve', settings };
}

/** A value and where it was set. */
interface Reading {
  readonly source: string;
  readonly text: string | undefined;
}

function readSetting({ type, secret }: SettingSpec<unknown>, { source, text }: Reading, cwd: string): unknown {
  if (text === undefined) return undefined;
  const value = type.parse(text, cwd);
  if (value !== undefined) return value;
  throw invalid(`${source} must be ${type.expectation}, got ${secret ? 'something else' : JSON.stringify(text)}.`);
}

const hasLimits = (settings: Settings): boolean =>
  [
    settings.keyRequestsPerMinute,
    settings.keyTokensPerMinute,
    settings.addressRequestsPerMinute,
    settings.addressTokensPerMinute,
  ].some((limit) => limit !== undefined);

/** What settings must agree in, and the sentence for when they do not. */
const AGREEMENTS: readonly { readonly isMet: (settings: Settings) => boolean; readonly sentence: string }[] = [
  {
    isMet: ({ tlsCert, tlsKey }) => (tlsCert === undefined) === (tlsKey === undefined),
    sentence: 'MARQUEE_TLS_CERT and MARQUEE_TLS_KEY must be set both or neither, got one.',
  },
  {
    isMet: (settings) => settings.redisUrl === undefined || hasLimits(settings),
    sentence:
      'MARQUEE_REDIS_URL counts for the limits, of which none is set: set one, such as MARQUEE_KEY_REQUESTS_PER_MINUTE, or leave it out.',
  },
];

function parseOptions(argv: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const flags = Object.values(SPECS).map(({ flag }) => [flag, { type: 'string' }] as const);
  try {
    return parseArgs({ args: [...argv], options: { ...Object.fromEntries(flags), help: { type: 'boolean' } } }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('.')[0] : String(cause);
    throw new StartError('INVALID_SETTINGS', `${message}: --help lists the options.`, { cause });
  }
}

const defaultOf = ({ fallback, otherwise }: SettingSpec<unknown>): string => fallback ?? otherwise ?? 'none';

function describeSettings(): string {
  const specs = Object.values<SettingSpec<unknown>>(SPECS);
  const lines = [...new Set(specs.map(({ group }) => group))].flatMap((group) => [
    `\n${group}`,
    ...specs
      .filter((spec) => spec.group === group)
      .flatMap((spec) => [`  --${spec.flag}, ${spec.variable}`, `      ${spec.help} (default: ${defaultOf(spec)})`]),
  ]);
  return [
    'Serves a model over HTTP. Options, and the environment variables that stand for them:',
    ...lines,
    '\nKeys: npm run keys -- --help',
    '',
  ].join('\n');
}

/** The same as a table for docs/serving.md. */
export function describeSettingsInMarkdown(): string {
  const rows = Object.values<SettingSpec<unknown>>(SPECS).map(
    (spec) =>
      `| \`${spec.variable}\` | \`--${spec.flag}\` | ${spec.help} | ${spec.type.expectation} | ${defaultOf(spec)} |`,
  );
  return ['| variable | option | | value | default |', '| --- | --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function invalid(message: string): StartError {
  return new StartError('INVALID_SETTINGS', message);
}
