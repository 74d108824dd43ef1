import { join } from 'node:path';

import type { DataReport, SplitRecord } from '@marquee/dataset';

import { writeDurably } from './durable-write.js';

export const DATA_REPORT_FILE = 'data_report.json';
export const SPLIT_FILE = 'split.json';

/** Writes what is known of the data into the folder of a run: the report, and how the file was divided where one was. */
export async function writeDataFiles(
  dir: string,
  { report, split }: { readonly report: DataReport; readonly split: SplitRecord | undefined },
): Promise<void> {
  await writeDurably(join(dir, DATA_REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`);
  if (split) await writeDurably(join(dir, SPLIT_FILE), `${JSON.stringify(split, null, 1)}\n`);
}
