import { join } from 'node:path';

import { fileDigest } from '@marquee/dataset';
import { type Classifier, loadClassifier, MANIFEST_FILE } from '@marquee/model-core';

import { type EvaluationWatch, watchReviews } from './evaluation-watch.js';
import { sessionOptions } from './session-options.js';
import { openTeacherCache, type TeacherCache } from './teacher-cache.js';
import type { TrainOptions } from './train-options.js';

/** The reviews that teachers are asked about. */
export interface Questions {
  readonly texts: readonly string[];
  readonly rowDigests: readonly string[];
}

export interface Teacher {
  readonly version: string;
  /** Which of its graphs answered; absent where it has none, as the linear model. */
  readonly graph?: 'int8' | 'fp32';
  /** Digest of its manifest, which names the digests of its files. */
  readonly sha256: string;
}

export interface Answers {
  readonly teachers: readonly Teacher[];
  /** Logit of the positive class minus that of the negative one for each review: the mean over the teachers. */
  readonly margins: Float32Array;
}

interface AskingOptions extends Pick<TrainOptions, 'threads'> {
  readonly teacher: readonly string[];
  readonly teacherCacheDir: string | undefined;
}

/** Reviews that are kept together on disk: what an interruption costs at most. */
const PIECE_ROWS = 250;

/** Asks each teacher as it would be served, and keeps what it answers. Throws `INTERRUPTED`: the same command goes on from what is kept. */
export async function askTeachers(
  questions: Questions,
  options: AskingOptions,
  watch: EvaluationWatch,
): Promise<Answers> {
  const cache = options.teacherCacheDir === undefined ? undefined : openTeacherCache(options.teacherCacheDir);
  const sums = new Float64Array(questions.texts.length);
  const teachers: Teacher[] = [];
  for (const dir of options.teacher) {
    const classifier = await loadClassifier(dir, { device: 'cpu', ...sessionOptions(options) });
    try {
      const { version, graph } = classifier.info;
      const teacher = { version, ...(graph && { graph }), sha256: await fileDigest(join(dir, MANIFEST_FILE)) };
      watch.progress.say(`asking teacher ${version} about ${questions.texts.length} reviews`);
      const margins = await ask({ classifier, teacher, cache, watch }, questions);
      margins.forEach((margin, row) => (sums[row] = (sums[row] ?? 0) + margin));
      teachers.push(teacher);
    } finally {
      await classifier.close();
    }
  }
  return { teachers, margins: Float32Array.from(sums, (sum) => sum / teachers.length) };
}

interface Asked {
  readonly classifier: Classifier;
  readonly teacher: Teacher;
  readonly cache: TeacherCache | undefined;
  readonly watch: EvaluationWatch;
}

async function ask(
  { classifier, teacher, cache, watch }: Asked,
  { texts, rowDigests }: Questions,
): Promise<Float32Array> {
  const margins = new Float32Array(texts.length);
  const count = watchReviews(watch, texts.length);
  for (let first = 0; first < texts.length; first += PIECE_ROWS) {
    const end = Math.min(first + PIECE_ROWS, texts.length);
    const key = {
      teacherSha256: teacher.sha256,
      graph: teacher.graph ?? 'none',
      rowDigests: rowDigests.slice(first, end),
    };
    const kept = await cache?.read(key);
    if (kept) margins.set(kept, first);
    for (let row = first; row < end && !kept; row += 1) {
      margins[row] = await marginOf(classifier, texts[row] ?? '');
      count(row + 1);
    }
    if (!kept) await cache?.write(key, margins.slice(first, end));
    count(end);
  }
  return margins;
}

/** No surer than float64 can tell a probability from 1. */
async function marginOf(classifier: Classifier, text: string): Promise<number> {
  const [prediction] = await classifier.predict([text]);
  const { negative, positive } = prediction?.probabilities ?? { negative: NaN, positive: NaN };
  return Math.log(Math.max(positive, Number.EPSILON)) - Math.log(Math.max(negative, Number.EPSILON));
}
