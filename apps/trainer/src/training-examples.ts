import type { DataPart } from './prepare-data.js';
import type { EncodedReviews } from './training-data.js';

/** The reviews that a classifier's steps are made of. */
export interface TrainingExamples {
  readonly encoded: EncodedReviews;
  readonly positionOf: (row: number) => ReviewPosition;
  /** What the teachers answer to each: logit of the positive class minus that of the negative one. */
  readonly teacherMargins?: Float32Array;
}

/** Where a review starts; lines from 1. */
export interface ReviewPosition {
  readonly file: string;
  readonly line: number;
}

export const examplesOf = ({ encoded, reviews }: DataPart, file: string): TrainingExamples => ({
  encoded,
  positionOf: (row) => ({ file, line: reviews[row]?.line ?? 0 }),
});

/** For a message: `the reviews of a.csv that start in lines 3, 8`, file by file. */
export function describePositions(positions: readonly ReviewPosition[]): string {
  const files = [...new Set(positions.map(({ file }) => file))].map((file) => {
    const lines = positions.filter((position) => position.file === file).map(({ line }) => line);
    return `${file} that start in lines ${lines.sort((a, b) => a - b).join(', ')}`;
  });
  return `the reviews of ${files.join(' and ')}`;
}
