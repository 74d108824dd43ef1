/** `50,000`, the same on every machine. */
export const formatCount = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `12.3 %` of a share. */
export const formatPercent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
