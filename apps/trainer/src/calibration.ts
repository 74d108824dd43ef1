import type { Weights } from '@marquee/distilbert';
import { classificationMetrics, fitTemperature, temperProbability } from '@marquee/metrics';

/** How far the probabilities of one graph on one part of the data are from what came true. */
interface CalibrationFigures {
  readonly log_loss: number;
  readonly brier: number;
  readonly expected_calibration_error: number;
}

/** What the manifest says of an artifact's calibration. */
export interface Calibration {
  /** Every logit was divided by it: the classifier's weight and bias are stored so. 1 when nothing was fitted. */
  readonly temperature: number;
  /** Validation reviews that it was fitted on. */
  readonly rows: number;
  /** Why nothing was fitted. */
  readonly reason?: string;
}

export interface CalibrationEffect {
  readonly before: CalibrationFigures;
  readonly after: CalibrationFigures;
}

/** With fewer reviews the logits stay as they are: the temperature's own error would be of the size of what it is to mend. */
const LEAST_ROWS = 100;

/** Fits a temperature (Guo et al. 2017) on the logits of the validation reviews, where there are enough that a best one exists. */
export function calibrate(
  validation: { readonly labels: ArrayLike<number>; readonly margins: ArrayLike<number> } | undefined,
): Calibration {
  const rows = validation?.labels.length ?? 0;
  if (!validation) return { temperature: 1, rows, reason: 'there are no validation reviews' };
  if (rows < LEAST_ROWS) {
    return { temperature: 1, rows, reason: `expected at least ${LEAST_ROWS} validation reviews, got ${rows}` };
  }
  const { temperature, isMinimum } = fitTemperature(validation.labels, validation.margins);
  if (isMinimum) return { temperature, rows };
  const cause = temperature < 1 ? 'they are all right, and surer is better' : 'they do not tell the labels apart';
  return { temperature: 1, rows, reason: `no temperature fits the logits of the validation reviews best: ${cause}` };
}

const CLASSIFIER = ['classifier.weight', 'classifier.bias'];

/** Weights whose logits are those of the given ones divided by the temperature. */
export function divideLogits(weights: Weights, temperature: number): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      return [name, { shape, data: CLASSIFIER.includes(name) ? data.map((value) => value / temperature) : data }];
    }),
  );
}

/** Figures of a calibrated model's probabilities, and of those that its logits gave before they were divided. */
export function reportCalibration(
  labels: ArrayLike<number>,
  probabilities: Float64Array,
  temperature: number,
): CalibrationEffect {
  const before = probabilities.map((probability) => temperProbability(probability, 1 / temperature));
  return { before: measureCalibration(labels, before), after: measureCalibration(labels, probabilities) };
}

function measureCalibration(labels: ArrayLike<number>, probabilities: Float64Array): CalibrationFigures {
  const { logLoss, brier, expectedCalibrationError } = classificationMetrics(labels, probabilities);
  return { log_loss: logLoss, brier, expected_calibration_error: expectedCalibrationError };
}

export function describeCalibration({ temperature, rows, reason }: Calibration): string {
  if (reason !== undefined) return `probabilities are not calibrated: ${reason}`;
  return `temperature ${temperature.toFixed(4)}, fitted on ${rows} validation reviews, divides the logits`;
}

export function describeEffect(name: string, { before, after }: CalibrationEffect): string {
  const show = ({ expected_calibration_error: error }: CalibrationFigures): string => error.toFixed(4);
  return `${name}: expected calibration error ${show(before)} before calibration, ${show(after)} after`;
}
