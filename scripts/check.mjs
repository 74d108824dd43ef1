import { join } from 'node:path';

import { root } from './root.mjs';
import { runTool } from './run-tool.mjs';

/** The build comes before: every step reads the packages' declarations. */
const STEPS = [
  { name: 'types', file: 'typescript/bin/tsc', args: ['-p', 'tsconfig.check.json'] },
  { name: 'lint', file: 'eslint/bin/eslint.js', args: ['--max-warnings', '0', '.'] },
  { name: 'unused exports', file: 'knip/bin/knip.js', args: ['--no-progress', '--no-config-hints'] },
  { name: 'formatting', file: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'tests', file: 'vitest/vitest.mjs', args: ['run'] },
];

/**
 * Runs every check, the later ones even when an earlier one fails, and exits 1 when one did.
 * @param {string[]} names only these steps, all when empty
 */
export async function check(names) {
  const failed = [];
  for (const { name, file, args } of STEPS.filter((step) => names.length === 0 || names.includes(step.name))) {
    const started = performance.now();
    const { code, output } = await runTool(join(root, 'node_modules', file), args);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (code !== 0) failed.push(name);
    if (code !== 0 || name === 'tests') process.stdout.write(output);
    process.stdout.write(`${code === 0 ? 'passed' : 'FAILED'}  ${name} (${seconds} s)\n`);
  }
  if (failed.length > 0) process.stdout.write(`check failed: ${failed.join(', ')}\n`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
