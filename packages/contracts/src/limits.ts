/** What one request may hold. Characters are Unicode code points, as OpenAPI's `maxLength` and Python's `len` count them. */
export const LIMITS = {
  maxReviewCharacters: 10_000,
  maxBatchReviews: 32,
  /** Largest legal single body: 10,000 code points as two \uXXXX escapes each (120,000 bytes), and room for the rest. */
  maxSingleBodyBytes: 128 * 1024,
  /** Largest legal batch body: 32 such reviews (3,840,000 bytes), and room for the rest. */
  maxBatchBodyBytes: 4 * 1024 * 1024,
} as const;
