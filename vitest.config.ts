import { defineConfig } from 'vitest/config';

// .ci/run counts the tests in this report.
const report = process.env['MARQUEE_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['{packages,apps}/*/test/**/*.test.ts', '{bench,docker,scripts}/test/**/*.test.ts'],
    // A process per file: onnxruntime-node aborts a process whose worker thread ends inside a run.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
