import { fileDigest, rowDigest, visitTexts } from '@marquee/dataset';
import { type DistillationOptions, NO_LABEL } from '@marquee/distilbert';

import { type Answers, askTeachers, type Teacher } from './ask-teachers.js';
import type { CheckpointOptions } from './checkpoint.js';
import { decisiveTeachingOptions, type DistilOptions } from './distil-options.js';
import type { EvaluationWatch } from './evaluation-watch.js';
import type { DataPart } from './prepare-data.js';
import type { DataSource } from './read-data.js';
import { readSeenRows } from './seen-rows.js';
import { sequencesOf } from './token-table.js';
import { type Tokenization, tokenizeTexts } from './tokenize.js';
import type { EncodedReviews } from './training-data.js';
import { examplesOf, type ReviewPosition, type TrainingExamples } from './training-examples.js';

/** What a student is taught: the labeled training reviews, then the unlabeled ones, with what the teachers answer to each. */
export interface Lesson {
  readonly distillation: DistillationOptions;
  readonly examples: TrainingExamples;
  /** Rows that the student comes to know of beside its labeled ones: the unlabeled ones, and those that a teacher was trained on. */
  readonly seenRows: ReadonlySet<string>;
  readonly decisiveOptions: CheckpointOptions;
  readonly teachers: readonly Teacher[];
  readonly unlabeled: readonly DataSource[];
}

/** Reads the unlabeled reviews and asks the teachers about all. Throws `INTERRUPTED`, and what reading throws. */
export async function prepareLesson(
  train: DataPart,
  options: DistilOptions,
  tokenization: Tokenization,
  watch: EvaluationWatch,
): Promise<Lesson> {
  const labeled = examplesOf(train, options.dataFile ?? options.trainFile ?? '');
  const unlabeled = await readUnlabeled(options, tokenization);
  const questions = {
    texts: [...train.reviews.map(({ text }) => text), ...unlabeled.flatMap(({ texts }) => texts)],
    rowDigests: [...train.rowDigests, ...unlabeled.flatMap(({ rowDigests }) => rowDigests)],
  };
  const answers = await askTeachers(questions, options, watch);
  watch.progress.say(describeAgreement(answers, train));
  const seen = await Promise.all(options.teacher.map(readSeenRows));
  const positions = unlabeled.flatMap((part) => part.positions);
  const count = train.reviews.length;
  return {
    distillation: { temperature: options.distilTemperature, alpha: options.distilAlpha },
    examples: {
      encoded: joinEncoded([train.encoded, ...unlabeled.map(({ encoded }) => encoded)]),
      positionOf: (row) => positions[row - count] ?? labeled.positionOf(row),
      teacherMargins: answers.margins,
    },
    seenRows: new Set([...seen.flatMap((rows) => [...rows]), ...questions.rowDigests.slice(count)]),
    decisiveOptions: decisiveTeachingOptions(options),
    teachers: answers.teachers,
    unlabeled: unlabeled.map(({ sha256, texts }) => ({ sha256, rows: texts.length })),
  };
}

interface UnlabeledPart {
  readonly sha256: string;
  readonly texts: readonly string[];
  readonly rowDigests: readonly string[];
  readonly positions: readonly ReviewPosition[];
  readonly encoded: EncodedReviews;
}

async function readUnlabeled(options: DistilOptions, tokenization: Tokenization): Promise<UnlabeledPart[]> {
  const { textColumnName: textColumn, maxUnlabeledSamples: maxRows } = options;
  const parts: UnlabeledPart[] = [];
  for (const file of options.unlabeledFile ?? []) {
    const texts: string[] = [];
    const positions: ReviewPosition[] = [];
    await visitTexts(file, { textColumn, ...(maxRows === undefined ? {} : { maxRows }) }, (text, line) => {
      texts.push(text);
      positions.push({ file, line });
    });
    const sha256 = await fileDigest(file);
    const table = await tokenizeTexts({ file, textColumn, maxRows, sha256, texts }, tokenization);
    const { lengths, tokenCounts } = table;
    const encoded = {
      inputIds: sequencesOf(table),
      labels: new Uint8Array(texts.length).fill(NO_LABEL),
      lengths,
      truncated: Uint8Array.from(tokenCounts, (tokens, row) => Number(tokens > (lengths[row] ?? 0))),
    };
    parts.push({ sha256, texts, rowDigests: texts.map(rowDigest), positions, encoded });
  }
  return parts;
}

function joinEncoded(parts: readonly EncodedReviews[]): EncodedReviews {
  const numbers = (of: (part: EncodedReviews) => Iterable<number>): number[] => parts.flatMap((part) => [...of(part)]);
  return {
    inputIds: parts.flatMap(({ inputIds }) => inputIds),
    labels: Uint8Array.from(numbers(({ labels }) => labels)),
    lengths: Uint32Array.from(numbers(({ lengths }) => lengths)),
    truncated: Uint8Array.from(numbers(({ truncated }) => truncated)),
  };
}

function describeAgreement({ teachers, margins }: Answers, { encoded: { labels } }: DataPart): string {
  const right = labels.reduce((count, label, row) => count + Number(label === Number((margins[row] ?? 0) > 0)), 0);
  const share = ((100 * right) / labels.length).toFixed(1);
  const who = teachers.length === 1 ? 'the teacher agrees' : `${teachers.length} teachers together agree`;
  return `${who} with ${share} % of the labels, and was asked about ${margins.length - labels.length} reviews without`;
}
