import type { JsonObject } from '@marquee/model-core';

import type { BlendOptions } from './blend-options.js';
import { formatBlend, type MemberLogits } from './blend-weights.js';
import type { DividedData, RowsPart } from './divide-data.js';
import { describeEvaluation, type EvaluationReport, reportEvaluation } from './evaluation-report.js';
import type { FittedCascade } from './fit-cascade.js';
import { labelsOf } from './linear-baseline.js';
import type { Progress } from './progress.js';
import { readSeenRows } from './seen-rows.js';
import { sigmoid } from './sigmoid.js';

/** What a linear model, a blend or a cascade is made of. */
export interface Ingredients {
  readonly options: BlendOptions;
  readonly data: DividedData<RowsPart>;
  /** Folders by name of the member. */
  readonly transformers: ReadonlyMap<string, string>;
  readonly progress: Progress;
}

/** Reports by name of what answered. Validation reviews that a transformer was trained on count as seen. */
export async function reportValidation(
  { data, transformers, progress }: Ingredients,
  logits: MemberLogits,
): Promise<JsonObject> {
  const { train, validation } = data;
  if (!validation) return {};
  const seen = new Set(train.rowDigests);
  for (const dir of transformers.values()) for (const digest of await readSeenRows(dir)) seen.add(digest);
  const reports = Object.entries(logits).map(([name, values]): [string, EvaluationReport] => {
    const isSeen = (row: number): boolean => seen.has(validation.rowDigests[row] ?? '');
    const report = reportEvaluation(labelsOf(validation.reviews), values.map(sigmoid), isSeen);
    for (const line of describeEvaluation(`validation, ${name}`, report)) progress.say(line);
    return [name, report];
  });
  return { validation: Object.fromEntries(reports) as unknown as JsonObject };
}

/** A line for a person. */
export function describeChoice({ blend, cascade }: FittedCascade): string {
  const share = `${(100 * cascade.coverage).toFixed(1)} % of the validation reviews`;
  const threshold = `the linear model answers where its logit is beyond ±${cascade.threshold.toFixed(3)}: ${share}`;
  return `blend: ${formatBlend(blend)}; ${threshold}`;
}

/** What the manifest says of how the artifact was made. */
export function describeMaking({ options, data }: Ingredients, fitted?: FittedCascade): JsonObject {
  const { kind, folds, maxAccuracyLoss, seed, validationSplitPercentage = null, maxTrainSamples = null } = options;
  const { train, validation, test } = data;
  const parts = Object.entries({ train, validation, test });
  return {
    options: { kind, seed, validationSplitPercentage, maxTrainSamples, ...(fitted && { folds, maxAccuracyLoss }) },
    data: Object.fromEntries(parts.flatMap(([name, part]) => (part ? [[name, { ...part.source }]] : []))),
    ...(fitted && { cascade: { ...fitted.cascade } }),
  };
}
