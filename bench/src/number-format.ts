import type { Summary } from './summary.js';

/** Three significant digits without an exponent, and whole numbers from 100 on; an em dash where nothing was measured. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '—';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** `low–high`. */
export const formatSpread = ({ low, high }: Summary): string => `${formatNumber(low)}–${formatNumber(high)}`;

export const formatRatio = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(2)} ×` : '—');

/** Bytes in GB, decimal as RAM limits are usually given. */
export const formatGigabytes = (bytes: number): string => (Number.isFinite(bytes) ? (bytes / 1e9).toFixed(2) : '—');
