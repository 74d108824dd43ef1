// npm run bench:explain: do explanations converge, what do they take, and do the words that they name decide the answer.
import { fileURLToPath } from 'node:url';

import { createRandom, type Random } from '@marquee/dataset';
import {
  type Classifier,
  type Explainer,
  type Explanation,
  EXPLANATION_METHODS,
  loadClassifier,
  loadExplainer,
  type WordAttribution,
} from '@marquee/model-core';

import { BenchError } from './bench-error.js';
import { type CommandOptions, runCommand } from './command.js';
import { describeMachine } from './machine.js';
import { markdownTable } from './markdown-table.js';
import { formatNumber, formatSpread } from './number-format.js';
import { drawReviews } from './review-texts.js';
import { mean, median, summarize } from './summary.js';
import { withoutWords } from './without-words.js';

const SHIPPED_MODEL = fileURLToPath(new URL('../../artifacts/marquee', import.meta.url));
/** The gap that an explanation of integrated gradients is to close, as a part of the change that is explained. */
const SMALL_GAP = 0.01;
/** So many of a review's words are deleted: a tenth, the bin that ERASER's comprehensiveness begins with (DeYoung et al. 2020). */
const DELETED_SHARE = 0.1;
const RANDOM_DRAWS = 5;

interface Measured {
  readonly explanation: Explanation;
  readonly seconds: number;
  /** What the log-odds of the answer lose with the words that speak most for it, and with as many random ones: a mean over draws. */
  readonly lossOfTop: number;
  readonly lossOfRandom: number;
}

interface Bench {
  readonly explainer: Explainer;
  readonly classifier: Classifier;
  readonly random: Random;
  readonly options: NonNullable<Parameters<Explainer['explain']>[1]>;
}

async function measure({ explainer, classifier, random, options }: Bench, text: string): Promise<Measured> {
  const start = performance.now();
  const explanation = await explainer.explain(text, options);
  const seconds = (performance.now() - start) / 1000;
  const { attributions, prediction } = explanation;
  const sign = prediction.sentiment === 'positive' ? 1 : -1;
  const count = Math.max(1, Math.round(DELETED_SHARE * attributions.length));
  const logOdds = async (words: readonly WordAttribution[]): Promise<number> => {
    const [answer] = await classifier.predict([withoutWords(text, words)]);
    return sign * Math.log((answer?.probabilities.positive ?? NaN) / (answer?.probabilities.negative ?? NaN));
  };
  const whole = await logOdds([]);
  const top = attributions.toSorted((a, b) => sign * (b.score - a.score)).slice(0, count);
  const lossOfTop = whole - (await logOdds(top));
  let lossOfRandom = 0;
  for (let draw = 0; draw < RANDOM_DRAWS; draw++) {
    const words = random.shuffle([...attributions]).slice(0, count);
    lossOfRandom += (whole - (await logOdds(words))) / RANDOM_DRAWS;
  }
  return { explanation, seconds, lossOfTop, lossOfRandom };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const shareOf = (rows: readonly Measured[], holds: (row: Measured) => boolean): string =>
  percent(rows.filter(holds).length / rows.length);

function describe(rows: readonly Measured[]): string {
  const gapOf = ({ explanation: { completenessGap, logitChange } }: Measured): number =>
    completenessGap / Math.abs(logitChange);
  const steps = rows.map(({ explanation }) => explanation.steps);
  const seconds = rows.map((row) => row.seconds);
  const lines: (readonly [string, string])[] = [
    ['gap at most 1 % of the change', shareOf(rows, (row) => gapOf(row) <= SMALL_GAP)],
    ['converged', shareOf(rows, ({ explanation }) => explanation.converged)],
    ['gap, median', percent(median(rows.map(gapOf)))],
    ['steps, median (spread)', `${median(steps)} (${formatSpread(summarize(steps))})`],
    ['seconds, median (spread)', `${formatNumber(median(seconds))} (${formatSpread(summarize(seconds))})`],
    ['tokens run, median', formatNumber(median(rows.map(({ explanation }) => explanation.cost)))],
    ['log-odds lost with the top tenth of the words, mean', formatNumber(mean(rows.map((row) => row.lossOfTop)))],
    ['log-odds lost with a random tenth, mean', formatNumber(mean(rows.map((row) => row.lossOfRandom)))],
    ['the top tenth loses more than the random one', shareOf(rows, (row) => row.lossOfTop > row.lossOfRandom)],
    ['the answer turns without the top tenth', shareOf(rows, turns)],
  ];
  return markdownTable(
    [
      { title: `${rows.length} reviews`, cell: ([name]) => name },
      { title: '', align: 'right', cell: ([, value]) => value },
    ],
    lines,
  );
}

/** Whether the answer is the other one without the top words. */
function turns({ explanation: { prediction }, lossOfTop }: Measured): boolean {
  const { confidence } = prediction;
  return lossOfTop > Math.log(confidence / (1 - confidence));
}

async function main(options: CommandOptions): Promise<void> {
  const file = options.path('reviews');
  if (file === undefined) throw new BenchError('INVALID_ARGUMENT', '--reviews: expected a CSV of reviews, got nothing');
  const dir = options.path('model') ?? SHIPPED_MODEL;
  const method = EXPLANATION_METHODS.find((known) => known === (options.text('method') ?? EXPLANATION_METHODS[0]));
  if (!method) throw new BenchError('INVALID_ARGUMENT', `--method: expected one of ${EXPLANATION_METHODS.join(', ')}`);
  const [count, longest] = [options.count('count', 200), options.count('max-tokens', 512)];
  const session = { device: 'cpu', intraOpThreads: options.count('threads', 1) } as const;
  const explainer = await loadExplainer(dir, session);
  const classifier = await loadClassifier(dir, session);
  const timeoutMs = 1000 * options.count('timeout', 120);
  const bench = { explainer, classifier, random: createRandom(2), options: { method, timeoutMs } };
  const rows: Measured[] = [];
  for (const text of await drawReviews(file, 100 * count)) {
    const [prediction] = await classifier.predict([text]);
    if ((prediction?.tokenCount ?? Infinity) > longest) continue;
    rows.push(await measure(bench, text));
    console.error(
      `${rows.length}/${count}: ${rows.at(-1)?.explanation.steps} steps, ${formatNumber(rows.at(-1)?.seconds ?? NaN)} s`,
    );
    if (rows.length === count) break;
  }
  await explainer.close();
  await classifier.close();
  console.log(
    `${describeMachine()}; ${method}, reviews of at most ${longest} tokens, version ${explainer.info.version}\n`,
  );
  console.log(describe(rows));
}

await runCommand(
  'How far explanations close their gap, what they take, and what the answer loses with the words that they name.',
  {
    model: { kind: 'path', help: 'folder of the model', fallback: 'artifacts/marquee' },
    reviews: { kind: 'path', help: 'a CSV or CSV.gz of labeled reviews' },
    count: { kind: 'count', help: 'reviews that are explained', fallback: '200' },
    method: { kind: 'text', help: EXPLANATION_METHODS.join(', '), fallback: EXPLANATION_METHODS[0] },
    'max-tokens': { kind: 'count', help: 'longer reviews are passed over', fallback: '512' },
    timeout: { kind: 'count', help: 'seconds that one explanation may take', fallback: '120' },
    threads: { kind: 'count', help: 'threads of a run', fallback: '1' },
  },
  main,
);
