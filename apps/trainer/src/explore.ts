import { basename, join } from 'node:path';

import { createTokenizerJson } from '@marquee/model-core';

import { DATA_REPORT_FILE } from './data-files.js';
import { describeData } from './describe-data.js';
import { writeDurably } from './durable-write.js';
import { findModelFolder } from './hub/hub-model.js';
import { requireNoOtherRun } from './output-folder.js';
import { drawExploration } from './pictures/exploration-picture.js';
import { readPart } from './prepare-data.js';
import { type ReadRows, reportRows } from './read-data.js';
import { dataSection } from './report/data-section.js';
import { type ExploredPart, explore } from './report/exploration.js';
import { renderPage } from './report/report-page.js';
import { RESULT_FILES } from './report/result-files.js';
import { loadStartingModel } from './starting-model.js';
import { createTokenization, type Tokenization } from './tokenize.js';
import type { RunWatch } from './tracking/record-run.js';
import { DEFAULT_TRUNCATION, type TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

export type ExploreOptions = Pick<
  TrainOptions,
  | 'dataFile'
  | 'trainFile'
  | 'validationFile'
  | 'testFile'
  | 'textColumnName'
  | 'labelColumnName'
  | 'maxSeqLength'
  | 'modelNameOrPath'
  | 'modelRevision'
  | 'tokenCacheDir'
  | 'outputDir'
>;

/** What an exploration tells, and where models come from that are named instead of given as a folder. */
type ExploreWatch = Pick<RunWatch, 'progress' | 'hub'>;

/** Looks at one file of labeled reviews or several, those without text included, and writes the data report, `eda_visualizations.png` and `report.html`. Trains nothing. */
export async function runExploration(options: ExploreOptions, watch: ExploreWatch): Promise<void> {
  const { outputDir, maxSeqLength } = options;
  const { progress } = watch;
  await requireNoOtherRun(outputDir, 'explore');
  const files = filesOf(options);
  const tokenization = await openTokenization(options, watch);
  const parts: ExploredRows[] = [];
  for (const [name, file] of files) {
    const { reviews, rowDigests, tokenCounts } = await readPart(file, options, tokenization, { keepEmpty: true });
    progress.say(`${name}: ${reviews.length} reviews in ${basename(file)}`);
    parts.push({ name, reviews, rowDigests, tokenCounts });
  }
  const { report } = reportRows(parts);
  const subject = files.map(([, file]) => basename(file)).join(', ');
  const exploration = explore(subject, parts, report, maxSeqLength);
  const png = await drawExploration(exploration.picture);
  await writeDurably(join(outputDir, RESULT_FILES.explorationPicture), png);
  await writeDurably(join(outputDir, DATA_REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`);
  const page = renderPage('Movie-review sentiment: the data', subject, [dataSection(exploration, png)]);
  await writeDurably(join(outputDir, RESULT_FILES.page), page);
  for (const line of describeData(report)) progress.say(line);
  progress.say(`${RESULT_FILES.explorationPicture}, ${DATA_REPORT_FILE} and ${RESULT_FILES.page} are in ${outputDir}`);
}

/** Each file under the name of its part. */
function filesOf({ dataFile, trainFile, validationFile, testFile }: ExploreOptions): [string, string][] {
  const named = Object.entries({ data: dataFile, train: trainFile, validation: validationFile, test: testFile });
  const given = named.flatMap(([name, file]) => (file === undefined ? [] : [[name, file] as [string, string]]));
  if (given.length > 0) return given;
  throw new TrainerError('INVALID_OPTION', '--data-file: expected this or another file of reviews, got none');
}

type ExploredRows = ExploredPart & Pick<ReadRows, 'rowDigests'>;

/** Cuts as a training does that says nothing else, which finds the ids in the cache then. */
async function openTokenization(options: ExploreOptions, watch: ExploreWatch): Promise<Tokenization> {
  const { tokenizerJson: json, tokenizerConfig } = await loadStartingModel(await findModelFolder(options, watch), 0);
  return createTokenization({
    tokenizerJson: createTokenizerJson(json),
    tokenizerConfig,
    limits: { maxLength: options.maxSeqLength, truncation: DEFAULT_TRUNCATION },
    tokenCacheDir: options.tokenCacheDir,
    progress: watch.progress,
  });
}
