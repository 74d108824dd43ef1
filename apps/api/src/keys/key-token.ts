import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A key is `mq_<id>_<secret>`: 12 hexadecimal digits that name it, and 256 random bits in base64url. Its id may be shown and
 * logged; the rest is known to its holder alone.
 */
const TOKEN = /^mq_([0-9a-f]{12})_([\w-]{43})$/;

export interface NewToken {
  readonly id: string;
  /** Shown once. */
  readonly token: string;
  readonly hash: string;
}

export function createToken(): NewToken {
  const id = randomBytes(6).toString('hex');
  const token = `mq_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, token, hash: hashToken(token) };
}

/** The id in a key, or undefined when it has another form. Whether there is such a key is another question. */
export function idOfToken(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/** SHA-256, in hexadecimal. A slow hash would protect nothing: 256 random bits cannot be guessed. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares in a time that does not depend on where the two differ. */
export function isTokenOf(hash: string, token: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(token), 'hex'), Buffer.from(hash, 'hex'));
}
