import Papa from 'papaparse';

import { type ReadReviewsOptions, type Review, REVIEW_COLUMNS } from './read-reviews.js';

export type FormatReviewsOptions = Pick<ReadReviewsOptions, 'textColumn' | 'labelColumn' | 'groupColumn' | 'labels'>;

/** Reviews as a CSV from which `readReviews` with the same options reads them again, character by character. */
export function formatReviews(reviews: readonly Review[], options: FormatReviewsOptions = {}): string {
  const { textColumn, labelColumn, groupColumn, labels } = { ...REVIEW_COLUMNS, ...options };
  const fields = [textColumn, labelColumn, ...(groupColumn === undefined ? [] : [groupColumn])];
  const data = reviews.map(({ text, label, group }) => {
    const values = [text, labels[label]];
    return groupColumn === undefined ? values : [...values, group];
  });
  return `${Papa.unparse({ fields, data }, { newline: '\n' })}\n`;
}
