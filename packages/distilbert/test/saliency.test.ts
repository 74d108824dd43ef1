import { createSession, type Session, Tensor } from '@marquee/model-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inferenceModel, parseConfig, saliencyModel } from '../src/index.js';
import { config, int64, oracle, parameters, run, valuesOf, weights } from './support.js';

const review = oracle.batch.inputIds[0] ?? [];
/** [CLS] and [SEP] stand at the ends, [PAD] is 0. */
const baseline = review.map((id, place) => (place === 0 || place === review.length - 1 ? id : 0));
const dim = config.dim;

describe('the saliency graph', () => {
  let session: Session;
  beforeAll(async () => void (session = await createSession(saliencyModel(config), { intraOpThreads: 1 })));
  afterAll(() => session.release());

  const at = async (alphas: number[], feeds: Record<string, Tensor> = {}) => {
    const outputs = await session.run({
      ...parameters,
      input_ids: int64([review]),
      baseline_ids: int64([baseline]),
      alphas: new Tensor('float32', Float32Array.from(alphas), [alphas.length]),
      ...feeds,
    });
    return { logit: valuesOf(outputs['logit']), products: valuesOf(outputs['products']) };
  };

  it('gives the logit of the fp32 graph at both ends of the line', async () => {
    const { logit } = await at([0, 1]);
    for (const [point, ids] of [baseline, review].entries()) {
      const tokens = { input_ids: int64([ids]), attention_mask: int64([ids.map(() => 1)]) };
      const [negative = NaN, positive = NaN] = valuesOf((await run(inferenceModel(config, weights), tokens))['logits']);
      expect(Math.abs((logit[point] ?? NaN) - (positive - negative)), `α = ${point}`).toBeLessThan(1e-5);
    }
  });

  it('gives the slope of the logit along the line, which the tokens share', async () => {
    const h = 5e-3; // away from the kinks of the head (one lies at 0.1): fourth-order central differences, of which float32 leaves about 1e-4
    for (const alpha of [0.2, 0.37, 0.5, 0.93]) {
      const { logit } = await at([alpha - 2 * h, alpha - h, alpha + h, alpha + 2 * h]);
      const [a = NaN, b = NaN, c = NaN, d = NaN] = logit;
      const slope = (a - 8 * b + 8 * c - d) / (12 * h);
      const { products } = await at([alpha]);
      expect(products).toHaveLength(review.length);
      expect(Math.abs(products.reduce((sum, value) => sum + value, 0) - slope), `α = ${alpha}`).toBeLessThan(
        2e-3 * Math.max(1, Math.abs(slope)),
      );
    }
  });

  it('gives each token the central difference of moving its own word alone', async () => {
    // One row more for each place, so that a place can move without the others: row V + p starts as the row of the review's token at p.
    const table = weights.get('distilbert.embeddings.word_embeddings.weight');
    const rows = table?.data ?? new Float32Array();
    const vocabulary = config.vocab_size;
    const extended = parseConfig({ ...oracle.config, vocab_size: vocabulary + review.length });
    const wide = await createSession(saliencyModel(extended), { intraOpThreads: 1 });
    const alpha = 0.6;
    const { products } = await at([alpha]);
    const logitWith = async (place: number, by: number): Promise<number> => {
      const data = new Float32Array(rows.length + review.length * dim);
      data.set(rows);
      review.forEach((id, p) => {
        for (let i = 0; i < dim; i++) {
          const from = rows[(baseline[p] ?? 0) * dim + i] ?? 0;
          const step = (rows[id * dim + i] ?? 0) - from;
          data[(vocabulary + p) * dim + i] = from + (alpha + (p === place ? by : 0)) * step;
        }
      });
      const { logit } = await wide.run({
        ...parameters,
        'distilbert.embeddings.word_embeddings.weight': new Tensor('float32', data, [data.length / dim, dim]),
        input_ids: int64([review.map((_, p) => vocabulary + p)]),
        baseline_ids: int64([baseline]),
        alphas: new Tensor('float32', Float32Array.of(1), [1]),
      });
      return valuesOf(logit)[0] ?? NaN;
    };
    const h = 1e-2;
    for (const [place, product] of products.entries()) {
      const [a, b, c, d] = [
        await logitWith(place, -2 * h),
        await logitWith(place, -h),
        await logitWith(place, h),
        await logitWith(place, 2 * h),
      ];
      expect(Math.abs((a - 8 * b + 8 * c - d) / (12 * h) - product), `place ${place}`).toBeLessThan(2e-3);
    }
    await wide.release();
  });

  it('gives points of a batch what each gives alone', async () => {
    const together = await at([0.2, 0.8]);
    const apart = [await at([0.2]), await at([0.8])];
    together.logit.forEach((value, i) => expect(value).toBeCloseTo(apart[i]?.logit[0] ?? NaN, 5));
    apart.flatMap(({ products }) => products).forEach((value, i) => expect(together.products[i]).toBeCloseTo(value, 5));
  });

  it('gives nothing to tokens that the baseline has too', async () => {
    const { products } = await at([0.3]);
    expect([products[0], products.at(-1)]).toEqual([0, 0]);
  });

  it('takes less than a megabyte whatever the size of the model, for it holds no weights', () => {
    const distilbert = { ...oracle.config, dim: 768, n_layers: 6, n_heads: 12, hidden_dim: 3072, vocab_size: 30_522 };
    expect(saliencyModel(parseConfig({ ...distilbert, max_position_embeddings: 512 })).length).toBeLessThan(300_000);
    expect(saliencyModel(parseConfig({ ...distilbert, n_layers: 12 })).length).toBeLessThan(600_000);
  });
});
