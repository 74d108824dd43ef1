import { writeDataFiles } from './data-files.js';
import { describeData } from './describe-data.js';
import { requireWritableFolder } from './durable-write.js';
import { requireNoOtherRun } from './output-folder.js';
import type { Progress } from './progress.js';
import { readRows, reportRows } from './read-data.js';
import { splitData } from './split-data.js';
import type { TrainOptions } from './train-options.js';

export interface SplitOptions extends Pick<
  TrainOptions,
  'textColumnName' | 'labelColumnName' | 'groupColumn' | 'dropDuplicates' | 'seed' | 'outputDir'
> {
  readonly dataFile: string;
}

/** Reads, checks and divides a file as `train --data-file` would, and writes `split.json` and `data_report.json`. */
export async function runSplit(options: SplitOptions, progress: Pick<Progress, 'say'>): Promise<void> {
  await requireNoOtherRun(options.outputDir, 'split');
  const data = await readRows(options.dataFile, options, { requireBothClasses: true });
  const { report, groups } = reportRows([{ name: 'data', ...data }]);
  const { record } = await splitData(data, groups, { ...options, splitFile: undefined });
  await requireWritableFolder(options.outputDir);
  await writeDataFiles(options.outputDir, { report, split: record });
  for (const line of describeData(report)) progress.say(line);
  const { train, validation, test } = record.parts;
  progress.say(`${train.length} training, ${validation.length} validation, ${test.length} test reviews`);
  progress.say(`written to ${options.outputDir}`);
}
