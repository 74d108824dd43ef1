import { fileURLToPath } from 'node:url';

import { createRandom, readReviews, type Review } from '@marquee/dataset';

const SAMPLE_FILE = fileURLToPath(new URL('../../data/sample.csv', import.meta.url));

/**
 * IMDb's training reviews in WordPiece tokens: median 230, 90 % below 613. A log-normal distribution through these two has the mean 308 (measured: 311),
 * and 264 once reviews are cut at 512 tokens.
 */
const LENGTH = { median: 230, sigma: Math.log(613 / 230) / 1.2816 }; // 1.2816: normal deviate of 90 %

/** The n-th of `count` lengths in tokens that stand for the distribution: its quantiles (i + ½)/count. */
export function reviewLength(index: number, count: number): number {
  return Math.round(LENGTH.median * Math.exp(LENGTH.sigma * normalQuantile((index + 0.5) / count)));
}

/** Normal deviate of a probability, to 4.5e-4 (Abramowitz and Stegun 26.2.23). */
function normalQuantile(probability: number): number {
  const tail = Math.min(probability, 1 - probability);
  const t = Math.sqrt(-2 * Math.log(tail));
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328);
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  const deviate = t - numerator / denominator;
  return probability < 0.5 ? -deviate : deviate;
}

/** Reviews of a file with their labels, `count` of them drawn by a fixed seed. */
export async function drawLabeledReviews(path: string, count: number): Promise<Review[]> {
  return createRandom(1)
    .shuffle(await readReviews(path))
    .slice(0, count);
}

/** The texts of `drawLabeledReviews`. */
export async function drawReviews(path: string, count: number): Promise<string[]> {
  return (await drawLabeledReviews(path, count)).map(({ text }) => text);
}

/** Reviews of IMDb's lengths in random order, made of the words of our synthetic samples. `countTokens` counts a text's tokens. */
export async function createReviews(count: number, countTokens: (text: string) => number): Promise<string[]> {
  const random = createRandom(1);
  const samples = random.shuffle((await readReviews(SAMPLE_FILE)).map(({ text }) => text));
  const words = samples.join(' ').split(' ');
  const lengths = random.shuffle(Array.from({ length: count }, (_, index) => reviewLength(index, count)));
  return lengths.map((tokens) => {
    const start = Math.floor(random.float() * words.length);
    const text = (size: number): string =>
      Array.from({ length: size }, (_, i) => words[(start + i) % words.length]).join(' ');
    return text(wordsForTokens(tokens, (size) => countTokens(text(size))));
  });
}

/** Fewest words with at least `tokens` tokens; a word has one token or more. */
function wordsForTokens(tokens: number, countTokens: (words: number) => number): number {
  let [low, high] = [1, tokens];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (countTokens(middle) >= tokens) high = middle;
    else low = middle + 1;
  }
  return low;
}
