import { setImmediate } from 'node:timers/promises';

import {
  TINY_BLEND_DRAFT,
  TINY_LINEAR_DRAFT,
  tinyLinearFiles,
  tinyLinearModel,
  writeArtifact,
  writeTinyWhole,
} from '@marquee/fixtures';
import { scoreWords, shareAmongWords, splitWords } from '@marquee/linear';
import { describe, expect, it } from 'vitest';

import { EXPLANATION_METHODS, type Explainer, loadClassifier, loadExplainer } from '../../src/index.js';
import { temporaryFolder } from '../support/folders.js';
import { writeTinyArtifact } from '../support/tiny-artifact.js';

const OTHERS = EXPLANATION_METHODS.filter((method) => method !== 'integrated_gradients');
const CPU = { device: 'cpu', intraOpThreads: 1 } as const;

async function using<T>(dir: string, work: (explainer: Explainer) => Promise<T>): Promise<T> {
  const explainer = await loadExplainer(dir, CPU);
  return work(explainer).finally(() => explainer.close());
}

async function writeTinyLinear(): Promise<string> {
  const dir = await temporaryFolder();
  await writeArtifact(dir, tinyLinearFiles(), TINY_LINEAR_DRAFT);
  return dir;
}

describe('an explanation of a transformer', () => {
  it('by occlusion is the change of the logit without each word', async () => {
    // [CLS] the great film . [SEP]: "great" alone weighs, 24 over the number of tokens.
    const { attributions, logitChange, prediction, cost, steps } = await using(await writeTinyArtifact(), (explainer) =>
      explainer.explain('The great film.', { method: 'occlusion' }),
    );
    const expected = [24 / 6 - 24 / 5, 24 / 6, 24 / 6 - 24 / 5, 24 / 6 - 24 / 5];
    expect(attributions.map(({ word, start, end }) => [word, start, end])).toEqual([
      ['The', 0, 3],
      ['great', 4, 9],
      ['film', 10, 14],
      ['.', 14, 15],
    ]);
    attributions.forEach(({ score }, word) => expect(score).toBeCloseTo(expected[word]!, 5));
    expect(logitChange).toBeCloseTo(4, 5);
    expect(prediction).toMatchObject({ sentiment: 'positive', tokenCount: 6, truncated: false });
    // All words, each word left out, and none.
    expect([steps, cost]).toEqual([6, 6 + 4 * 5 + 2]);
  });

  it('tells the tokens of each run, also when its time is up before there is an estimate', async () => {
    const tokens: number[] = [];
    const onTokens = (count: number): number => tokens.push(count);
    await using(await writeTinyArtifact(), async (explainer) => {
      const { cost } = await explainer.explain('The great film.', { method: 'occlusion', onTokens });
      expect(tokens).toEqual([6, 5, 5, 5, 5, 2]);
      expect(cost).toBe(28);
      const late = explainer.explain('The great film.', { method: 'occlusion', onTokens, timeoutMs: Number.MIN_VALUE });
      await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      expect(tokens.slice(6)).toEqual([6]);
    });
  });

  it.each(OTHERS)('by %s divides what the classifier answers', async (method) => {
    const dir = await writeTinyArtifact();
    const classifier = await loadClassifier(dir, CPU);
    const text = 'A great film, but bad! unbelievably good';
    const [expected] = await classifier.predict([text]);
    await classifier.close();
    const { prediction, attributions, completenessGap, logitChange, converged } = await using(dir, (explainer) =>
      explainer.explain(text, { method }),
    );
    expect(prediction).toEqual(expected);
    expect(converged).toBe(true);
    const sum = attributions.reduce((total, { score }) => total + score, 0);
    expect(completenessGap).toBeCloseTo(Math.abs(sum - logitChange), 10);
    if (method === 'shap') expect(completenessGap).toBeLessThan(1e-6);
    const best = attributions.toSorted((a, b) => b.score - a.score);
    expect([best[0]?.word, best.at(-1)?.word]).toEqual(['great', 'bad']);
  });

  it('gives words behind the cut nothing', async () => {
    const text = `${'good film '.repeat(8)}great`;
    const { attributions, prediction } = await using(await writeTinyArtifact(), (explainer) =>
      explainer.explain(text, { method: 'occlusion' }),
    );
    expect(prediction).toMatchObject({ truncated: true, tokenCount: 19 });
    expect(attributions).toHaveLength(17);
    expect(attributions.slice(14).map(({ score }) => score)).toEqual([0, 0, 0]);
    expect(attributions[0]?.score).not.toBe(0);
  });

  it('is refused with the command that helps where its artifact has no gradients', async () => {
    const dir = await writeTinyArtifact();
    await using(dir, async (explainer) => {
      await expect(explainer.explain('good')).rejects.toMatchObject({
        code: 'SALIENCY_UNAVAILABLE',
        message: `onnx/saliency.onnx is not in the artifact; add it with: npm run export -- --model ${dir} --only saliency`,
      });
      // The other methods need none.
      expect(await explainer.explain('good', { method: 'shap' })).toMatchObject({ converged: true });
    });
  });

  it('of no words is empty', async () => {
    await using(await writeTinyArtifact(), async (explainer) => {
      for (const method of OTHERS) {
        expect(await explainer.explain(' ', { method })).toMatchObject({
          attributions: [],
          logitChange: 0,
          completenessGap: 0,
        });
      }
    });
  });

  it.each([
    [{ method: 'guess' as 'lime' }, 'method must be one of integrated_gradients, occlusion, lime, shap, got "guess"'],
    [{ timeoutMs: 0 }, 'timeoutMs must be above 0, got 0'],
    [{ seed: -1 }, 'seed must be an unsigned 32-bit integer, got -1'],
    [{ samples: 0.5 }, 'samples must be a positive integer, got 0.5'],
    [{ tolerance: 1 }, 'tolerance must be from 0 to below 1, got 1'],
  ])('is refused for %j', async (options, message) => {
    await using(await writeTinyArtifact(), async (explainer) => {
      await expect(explainer.explain('good', options)).rejects.toMatchObject({ code: 'INVALID_INPUT', message });
    });
  });
});

describe('an explanation of a linear model', () => {
  it('by default is its own sum, exactly', async () => {
    const text = 'A good film and a great movie';
    const { attributions, completenessGap, logitChange, converged } = await using(
      await writeTinyLinear(),
      (explainer) => explainer.explain(text),
    );
    const words = splitWords(text);
    const shares = shareAmongWords(tinyLinearModel, words);
    // Weights are stored in F16.
    attributions.forEach(({ score }, word) => expect(score).toBeCloseTo(shares[word]!, 2));
    expect(logitChange).toBeCloseTo(scoreWords(tinyLinearModel, words) - tinyLinearModel.bias, 2);
    expect(completenessGap).toBeLessThan(1e-12);
    expect(converged).toBe(true);
  });
});

describe('an explanation of a blend', () => {
  it('is of the log-odds of the whole', async () => {
    const dir = await writeTinyWhole(await temporaryFolder(), TINY_BLEND_DRAFT);
    const { prediction, logitChange, attributions, completenessGap } = await using(dir, (explainer) =>
      explainer.explain('good film', { method: 'shap' }),
    );
    const logit = Math.log(prediction.probabilities.positive / prediction.probabilities.negative);
    const nothing = 0.25 + 0.5 * tinyLinearModel.bias;
    expect(logitChange).toBeCloseTo(logit - nothing, 3);
    expect(completenessGap).toBeLessThan(1e-6);
    expect(attributions[0]!.score).toBeGreaterThan(attributions[1]!.score);
  });
});

describe('an explanation of a cascade', () => {
  it('is of the stage that answered', async () => {
    const dir = await writeTinyWhole(await temporaryFolder());
    await using(dir, async (explainer) => {
      const sure = await explainer.explain('the great movie');
      expect(sure.prediction.stage).toBe('linear');
      expect(sure.completenessGap).toBeLessThan(1e-12);
      const unsure = await explainer.explain('fine', { method: 'occlusion' });
      expect(unsure.prediction.stage).toBe('blend');
      // The blend's gradients are the transformer's, too.
      await expect(explainer.explain('fine')).rejects.toMatchObject({ code: 'SALIENCY_UNAVAILABLE' });
    });
  });
});

describe('an explainer that is closed', () => {
  it('refuses every text, also one that needs no run', async () => {
    const explainer = await loadExplainer(await writeTinyWhole(await temporaryFolder()), CPU);
    await explainer.close();
    for (const text of ['the great movie', 'fine']) {
      await expect(explainer.explain(text)).rejects.toMatchObject({ code: 'CLOSED' });
    }
  });

  it('opens no gradients for an explanation that it found between its runs', async () => {
    const explainer = await loadExplainer(await writeTinyArtifact(), CPU);
    const refused = expect(explainer.explain('good')).rejects.toMatchObject({ code: 'CLOSED' });
    await setImmediate(); // the prediction's run was started, and ends after this
    await explainer.close();
    await refused;
  });
});
