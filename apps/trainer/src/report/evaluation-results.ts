import { join } from 'node:path';

import { writeDurably } from '../durable-write.js';
import { drawDetails } from '../pictures/details-picture.js';
import { drawEvaluation } from '../pictures/evaluation-picture.js';
import { type EvaluatedPart, servedAs, toDetailsData, toEvaluationData, toResults } from './evaluated-part.js';
import type { Html } from './html.js';
import { renderPage } from './report-page.js';
import {
  effortSection,
  environmentSection,
  type EvaluationEffort,
  evaluationSection,
  type ReportedModel,
} from './report-sections.js';
import { RESULT_FILES } from './result-files.js';
import { samplePredictions } from './sample-predictions.js';

/** Writes figures, samples and the picture of an evaluation into a folder, and returns its section of a report, with other models' figures on the same reviews beside. */
export async function writeEvaluation(
  resultsDir: string,
  evaluated: EvaluatedPart,
  beside: readonly ReportedModel[],
  effort?: EvaluationEffort,
): Promise<Html> {
  const { rows, probabilities, report, stages } = evaluated;
  const write = (name: string, contents: Uint8Array | string): Promise<void> =>
    writeDurably(join(resultsDir, name), contents);
  const evaluation = await drawEvaluation(toEvaluationData(evaluated));
  await write(RESULT_FILES.evaluationPicture, evaluation);
  await write(RESULT_FILES.evaluation, toJson(toResults(evaluated, beside, effort)));
  await write(RESULT_FILES.samples, toJson(samplePredictions(rows, probabilities)));
  const details = await drawDetails(toDetailsData(evaluated));
  const models = [{ name: `${servedAs(evaluated)}, as served`, report }, ...beside];
  return evaluationSection(models, stages, { evaluation, details });
}

/** Writes all that is known of an evaluation into a folder, `report.html` too. */
export async function writeEvaluationPage(
  resultsDir: string,
  evaluated: EvaluatedPart,
  beside: readonly ReportedModel[],
  effort: EvaluationEffort,
): Promise<void> {
  const section = await writeEvaluation(resultsDir, evaluated, beside, effort);
  const { name, model } = evaluated;
  const subtitle = `Version ${model.version}, a ${model.kind}, on ${name} reviews`;
  const sections = [section, effortSection(effort), environmentSection()];
  const page = renderPage('Movie-review sentiment: an evaluation', subtitle, sections);
  await writeDurably(join(resultsDir, RESULT_FILES.page), page);
}

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
