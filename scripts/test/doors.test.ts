import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

import { doors } from '../../eslint.doors.js';
import { root } from '../root.mjs';

const typescript: Linter.Config = {
  files: ['**/*.ts'],
  languageOptions: { parser: tseslint.parser },
};
const eslint = new ESLint({ cwd: root, overrideConfigFile: true, overrideConfig: [typescript, ...doors] });

async function brokenRules(file: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: file });
  return result!.messages.map(({ ruleId }) => ruleId); // one text in, one result out
}

describe('a door of the house', () => {
  it.each([
    ['packages/contracts/src/a.ts', '@marquee/metrics'],
    ['packages/onnx/src/a.ts', '@marquee/contracts'],
    ['packages/safetensors/src/a.ts', '@marquee/onnx'],
    ['packages/linear/src/a.ts', '@marquee/dataset'],
    ['packages/autograd/src/a.ts', '@marquee/distilbert'],
    ['packages/autograd/src/deep/a.ts', '@marquee/model-core'],
    ['packages/distilbert/src/a.ts', '@marquee/model-core'],
    ['packages/dataset/src/a.ts', '@marquee/metrics'],
    ['packages/metrics/src/a.ts', '@marquee/dataset'],
    ['packages/model-core/src/a.ts', '@marquee/autograd'],
    ['packages/model-core/src/a.ts', '@marquee/distilbert'],
    ['packages/model-core/src/runtime.ts', '@marquee/autograd'],
    ['apps/api/src/a.ts', '@marquee/distilbert'],
    ['apps/api/src/main.ts', '@marquee/trainer'],
    ['apps/trainer/src/a.ts', '@marquee/api'],
    ['apps/trainer/src/a.ts', '@marquee/contracts'],
    ['bench/src/training.ts', '@marquee/api'],
    ['packages/model-core/src/a.ts', '@marquee/fixtures'],
    ['apps/trainer/src/a.ts', '@marquee/fixtures'],
    ['packages/fixtures/src/a.ts', '@marquee/trainer'],
    ['packages/model-core/src/a.ts', '@marquee/onnx/dist/index.js'],
    ['packages/model-core/src/a.ts', '../../autograd/src/index.js'],
    ['packages/model-core/src/deep/a.ts', '../../../../packages/autograd/dist/index.js'],
    ['apps/api/test/deep/a.test.ts', '../../../../packages/model-core/test/support/folders.js'],
    ['bench/test/a.test.ts', '../../packages/model-core/src/index.js'],
    ['packages/model-core/src/a.ts', 'express'],
    ['apps/trainer/src/a.ts', 'express'],
    ['packages/autograd/src/a.ts', 'onnxruntime-node'],
    ['packages/model-core/src/classifier.ts', 'onnxruntime-node'],
    ['packages/model-core/src/deep/runtime.ts', 'onnxruntime-common'],
    ['apps/api/src/main.ts', 'onnxruntime-node'],
    ['bench/src/inference.ts', 'onnxruntime-node'],
  ])('keeps %s from importing %s', async (file, module) => {
    expect(await brokenRules(file, `import { a } from '${module}';`)).toEqual(['no-restricted-imports']);
    expect(await brokenRules(file, `export type { A } from '${module}';`)).toEqual(['no-restricted-imports']);
  });

  it.each([
    ['packages/autograd/src/a.ts', '@marquee/onnx'],
    ['packages/distilbert/src/a.ts', '@marquee/autograd'],
    ['packages/distilbert/src/a.ts', '@marquee/safetensors'],
    ['packages/linear/src/a.ts', '@marquee/safetensors'],
    ['packages/model-core/src/a.ts', '@marquee/linear'],
    ['packages/model-core/src/a.ts', '@marquee/onnx'],
    ['packages/model-core/src/runtime.ts', 'onnxruntime-node'],
    ['apps/api/src/server.ts', 'express'],
    ['apps/api/src/a.ts', '@marquee/model-core'],
    ['apps/trainer/src/a.ts', '@marquee/distilbert'],
    ['bench/src/parity.ts', '@marquee/autograd'],
    ['bench/src/training.ts', '@marquee/trainer'],
    ['packages/distilbert/test/a.test.ts', '@marquee/model-core'],
    ['packages/model-core/test/a.test.ts', '@marquee/fixtures'],
    ['packages/model-core/test/deep/a.test.ts', '../../src/index.js'],
    ['packages/fixtures/src/a.ts', '@marquee/model-core'],
    ['packages/autograd/test/a.test.ts', 'onnxruntime-node'],
    ['packages/model-core/src/deep/a.ts', '../errors.js'],
  ])('lets %s import %s', async (file, module) => {
    expect(await brokenRules(file, `import { a } from '${module}';`)).toEqual([]);
  });

  it.each(['process.env.PORT', "process['env']", 'const { env } = process', "import { env } from 'node:process'"])(
    'keeps the environment out of libraries: %s',
    async (code) => {
      expect(await brokenRules('packages/dataset/src/a.ts', code)).toHaveLength(1);
      expect(await brokenRules('apps/api/src/server.ts', code)).toHaveLength(1);
      expect(await brokenRules('apps/api/src/main.ts', code)).toEqual([]);
      expect(await brokenRules('bench/src/training.ts', code)).toEqual([]);
      expect(await brokenRules('packages/dataset/test/a.test.ts', code)).toEqual([]);
    },
  );

  it('keeps the console out of everything but command-line output', async () => {
    expect(await brokenRules('packages/metrics/src/a.ts', 'console.log(1)')).toEqual(['no-console']);
    expect(await brokenRules('apps/trainer/src/train.ts', 'console.error(1)')).toEqual(['no-console']);
    expect(await brokenRules('apps/trainer/src/main.ts', 'console.log(1)')).toEqual([]);
    expect(await brokenRules('bench/src/inference.ts', 'console.log(1)')).toEqual([]);
  });
});
