// Who may import whom: the doors of the house, as lint rules. A package absent from a list may not be imported there.
// Tests may use any package, each by its name.

/** @type {Record<string, string[]>} importer -> packages of ours that it may import */
const DOORS = {
  'packages/contracts': [],
  'packages/client': ['contracts'],
  'packages/onnx': [],
  'packages/safetensors': [],
  'packages/dataset': [],
  'packages/metrics': [],
  'packages/linear': ['safetensors'],
  'packages/autograd': ['onnx'],
  'packages/distilbert': ['autograd', 'safetensors'],
  // Serving ships no training code: neither autograd nor distilbert.
  'packages/model-core': ['contracts', 'linear', 'onnx', 'safetensors'],
  // On no list: what only tests may use.
  'packages/fixtures': ['dataset', 'distilbert', 'linear', 'model-core', 'onnx', 'safetensors'],
  'apps/trainer': ['autograd', 'dataset', 'distilbert', 'linear', 'metrics', 'model-core', 'onnx', 'safetensors'],
  'apps/api': ['contracts', 'metrics', 'model-core'],
  bench: ['autograd', 'dataset', 'distilbert', 'metrics', 'model-core', 'onnx', 'safetensors', 'trainer'],
};

const RUNTIME_FILE = 'packages/model-core/src/runtime.ts';
/** A peer that the service is measured beside. */
const PEER_FILE = 'bench/src/serving/express-peer.ts';
/** The files that read the environment and print: each app's entry, and the benchmarks. */
const COMMAND_LINE_FILES = ['apps/*/src/main.ts', 'bench/src/**/*.ts'];

const BY_NAME = { regex: '^(\\.\\./)+[^.].*/(src|dist|test)/', message: 'Import another package by its name.' };

/** @type {import('eslint').Linter.RulesRecord} */
const environment = {
  'no-restricted-properties': [
    'error',
    { object: 'process', property: 'env', message: 'Only main.ts of an app reads the environment: take an argument.' },
  ],
  'no-restricted-syntax': [
    'error',
    {
      selector: 'ImportDeclaration[source.value=/^(node:)?process$/]',
      message: 'Use the global process, so that the lint rules see what is read from it.',
    },
  ],
};

/**
 * @param {string[]} allowed
 * @param {{ express: boolean, runtime: boolean }} libraries
 * @returns {import('eslint').Linter.RulesRecord}
 */
function restrictedImports(allowed, { express, runtime }) {
  const names = allowed.join('|');
  const patterns = [
    {
      regex: `^@marquee/(?!(${names || '-'})$)`,
      message: `The doors of the house (eslint.doors.js) let only these in here: ${allowed.join(', ') || 'none'}.`,
    },
    BY_NAME,
  ];
  if (!express) patterns.push({ regex: '^express($|/)', message: 'Express stays in apps/api.' });
  if (!runtime) {
    patterns.push({ regex: '^onnxruntime-(node|common|web)($|/)', message: `ONNX Runtime stays in ${RUNTIME_FILE}.` });
  }
  return { 'no-restricted-imports': ['error', { patterns }] };
}

/** @type {import('eslint').Linter.Config[]} */
export const doors = [
  { files: ['{packages,apps}/*/src/**/*.ts'], rules: { ...environment, 'no-console': 'error' } },
  ...Object.entries(DOORS).map(([folder, allowed]) => ({
    files: [`${folder}/src/**/*.ts`],
    rules: restrictedImports(allowed, { express: folder === 'apps/api', runtime: false }),
  })),
  {
    files: ['{packages,apps}/*/test/**/*.ts', 'bench/test/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [BY_NAME] }] },
  },
  {
    files: [RUNTIME_FILE],
    rules: restrictedImports(DOORS['packages/model-core'] ?? [], { express: false, runtime: true }),
  },
  {
    files: [PEER_FILE],
    rules: restrictedImports(DOORS['bench'] ?? [], { express: true, runtime: false }),
  },
  {
    files: COMMAND_LINE_FILES,
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off', 'no-restricted-syntax': 'off' },
  },
];
