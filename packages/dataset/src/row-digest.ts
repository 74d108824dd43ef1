import { hash } from 'node:crypto';

/**
 * The first 16 hexadecimal digits of the SHA-256 of a review's text after Unicode NFC, with `<br />` and runs of white space as
 * one space and none at the ends: reviews that differ in layout alone have equal digests.
 */
export function rowDigest(text: string): string {
  const canonical = text.replaceAll('<br />', ' ').normalize('NFC').replace(/\s+/g, ' ').trim();
  return hash('sha256', canonical, 'hex').slice(0, 16);
}
