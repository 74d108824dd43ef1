import { describe, expect, test } from 'vitest';

import { reportData, findDuplicates, rowDigest, type Review } from '@marquee/dataset';

import { dataSection } from '../src/report/data-section.js';
import { explore } from '../src/report/exploration.js';
import { markup, picture, table } from '../src/report/html.js';
import { renderPage } from '../src/report/report-page.js';
import { samplePredictions } from '../src/report/sample-predictions.js';

describe('a page', () => {
  test('escapes every text and keeps what is HTML', () => {
    const hostile = `<script>alert("x" & 'y')</script>`;
    const page = renderPage(hostile, hostile, [
      table([hostile], [[hostile, 1]]),
      markup`<p>${[hostile, markup`<b>!</b>`]}</p>`,
    ]);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;<b>!</b>');
  });

  test('holds its images and style, and fetches and runs nothing', () => {
    const page = renderPage('a page', 'of a test', [picture(Uint8Array.of(1, 2, 3), 'three bytes')]);
    expect(page).toContain('<img src="data:image/png;base64,AQID" alt="three bytes">');
    expect(page).toContain(`content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;"`);
    expect(page).not.toMatch(/https?:|<script|<link|@import|url\(/);
  });
});

const review = (text: string, label: 0 | 1, line: number): Review => ({ text, label, line });

describe('the section of the data', () => {
  const reviews = [
    review('dull dull film', 0, 2),
    review('dull film here', 0, 3),
    review('great film', 1, 4),
    review('great <b>film</b>', 1, 5),
  ];
  const texts = reviews.map(({ text }) => text);
  const groups = findDuplicates(texts, texts.map(rowDigest));
  const lines = reviews.map(({ line }) => line);
  const labels = reviews.map(({ label }) => label);
  const report = reportData([{ name: 'train', texts, lines, labels }], groups, ['negative', 'positive']);
  const part = { name: 'train', reviews, tokenCounts: Uint32Array.of(5, 5, 4, 10) };
  const exploration = explore('reviews.csv', [part], report, 8);
  const { source } = dataSection(exploration, Uint8Array.of(1));

  test('tells balance, lengths and HTML', () => {
    expect(source).toContain('<tr><th scope="row">train</th><td>4</td><td>2</td><td>2</td><td>50.0 %</td></tr>');
    expect(source).toContain('<th scope="row">train, words</th><td>2</td>');
    expect(source).toContain('<td>1 (25.0 %)</td>');
  });

  test('lists the words that separate the classes', () => {
    const lists = source.slice(source.indexOf('Words that separate'));
    expect(lists).toMatch(/class="negative">[^]*<span>dull<\/span>[^]*class="positive">[^]*<span>great<\/span>/);
  });

  test('gives the picture the lengths of all reviews', () => {
    expect(exploration.picture).toMatchObject({ words: [3, 3, 2, 4], tokens: [5, 5, 4, 10], labels: [0, 0, 1, 1] });
  });
});

describe('sample predictions', () => {
  const probabilities = [0.99, 0.01, 0.52, 0.95, 0.5];
  const reviews = probabilities.map((_, row) =>
    review(`review ${row} ${'é😀'.repeat(200)}`, row === 3 ? 0 : 1, row + 2),
  );
  const rows = { reviews, rowDigests: reviews.map(({ text }) => rowDigest(text)) };
  const samples = samplePredictions(rows, probabilities);
  const linesOf = (predictions: readonly { readonly line: number }[]): number[] => predictions.map(({ line }) => line);

  test('are the surest right, the surest wrong and the least sure', () => {
    expect(linesOf(samples.surest_right)).toEqual([2, 4]);
    expect(linesOf(samples.surest_wrong)).toEqual([3, 5, 6]); // one half means negative
    expect(linesOf(samples.nearest_one_half)).toEqual([6, 4, 5, 2, 3]);
  });

  test('say what was asked and answered, with the first 300 characters', () => {
    const [first] = samples.surest_wrong;
    expect(first).toMatchObject({
      label: 'positive',
      prediction: 'negative',
      probabilities: { negative: 0.99, positive: 0.01 },
      row_digest: rows.rowDigests[1],
    });
    expect([...(first?.text ?? '')]).toHaveLength(300);
  });

  test('are ten of each kind at most', () => {
    const many = Array.from({ length: 40 }, (_, row) => review('a film', 1, row + 2));
    const scores = many.map((_, row) => (row + 1) / 41);
    const found = samplePredictions({ reviews: many, rowDigests: [] }, scores);
    expect(Object.values(found).map((list: readonly unknown[]) => list.length)).toEqual([10, 10, 10]);
  });
});
