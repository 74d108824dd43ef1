import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { formatReviews, SPLIT_PARTS, type SplitPart } from '@marquee/dataset';
import { LABELS } from '@marquee/model-core';

import { writeDataFiles } from './data-files.js';
import { describeData } from './describe-data.js';
import { requireWritableFolder, writeDurably } from './durable-write.js';
import { requireNoOtherRun } from './output-folder.js';
import type { Progress } from './progress.js';
import { readRows, reportRows } from './read-data.js';
import { splitData } from './split-data.js';
import { takeRows } from './take-rows.js';
import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

export interface SplitOptions extends Pick<
  TrainOptions,
  'textColumnName' | 'labelColumnName' | 'groupColumn' | 'dropDuplicates' | 'seed' | 'outputDir'
> {
  readonly dataFile: string;
  /** Also write the reviews of each part, as a CSV. */
  readonly writeParts: boolean;
}

/**
 * Reads, checks and divides a file as `train --data-file` would, and writes `split.json`, `data_report.json` and on request the parts. Throws `OUTPUT_NOT_EMPTY` for the
 * folder of another command's run and for one with files that the parts would replace, and what reading throws.
 */
export async function runSplit(options: SplitOptions, progress: Pick<Progress, 'say'>): Promise<void> {
  const { outputDir, writeParts } = options;
  await requireNoOtherRun(outputDir, 'split');
  if (writeParts) requireNoPart(outputDir);
  const data = await readRows(options.dataFile, options, {
    requireBothClasses: true,
    groupColumn: options.groupColumn,
  });
  const { report, groups } = reportRows([{ name: 'data', ...data }]);
  const { parts, record } = await splitData(data, groups, { ...options, splitFile: undefined });
  await requireWritableFolder(outputDir);
  await writeDataFiles(outputDir, { report, split: record });
  if (writeParts) {
    const columns = {
      textColumn: options.textColumnName,
      labelColumn: options.labelColumnName,
      groupColumn: options.groupColumn,
      labels: LABELS,
    };
    for (const part of SPLIT_PARTS)
      await writeDurably(partFile(outputDir, part), formatReviews(takeRows(data.reviews, parts[part]), columns));
  }
  for (const line of describeData(report)) progress.say(line);
  const { train, validation, test } = record.parts;
  progress.say(`${train.length} training, ${validation.length} validation, ${test.length} test reviews`);
  progress.say(`written to ${outputDir}`);
}

const partFile = (dir: string, part: SplitPart): string => join(dir, `${part}.csv`);

/** The reviews of a part may be somebody's only ones: no file of that name is replaced. */
function requireNoPart(dir: string): void {
  const file = SPLIT_PARTS.map((part) => partFile(dir, part)).find((path) => existsSync(path));
  if (file === undefined) return;
  const expectation = `expected no file ${file}, which --write-parts would replace; name another --output-dir`;
  throw new TrainerError('OUTPUT_NOT_EMPTY', expectation);
}
