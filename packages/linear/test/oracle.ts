import { readFileSync } from 'node:fs';

interface Oracle {
  readonly tokenized: readonly { readonly text: string; readonly words: string[]; readonly hashes: number[] }[];
  readonly options: {
    readonly minReviews: number;
    readonly smoothing: number;
    readonly inverseRegularization: number;
  };
  readonly texts: string[];
  readonly labels: number[];
  readonly fitted: {
    /** Buckets with an owner, ascending; their tags and weights beside them. */
    readonly buckets: number[];
    readonly tags: number[];
    readonly weights: number[];
    readonly bias: number;
    readonly logits: number[];
  };
}

/** What scikit-learn answered; `oracles/record_linear.py` recorded it. */
export const oracle = JSON.parse(readFileSync(new URL('./oracles/linear.json', import.meta.url), 'utf8')) as Oracle;
