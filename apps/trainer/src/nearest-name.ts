import { closest, distance } from 'fastest-levenshtein';

/** Letters that tell a word, or a name by one of its words. */
const SHORTEST_PART = 3;

/** Names that are meant equally well: of two the first is named, of more none. */
const MOST_EQUAL = 2;

/** Weight of the shared words, of all that were written, that makes two names alike which begin with the same word. */
const SHARED_WEIGHT = 0.75;

/**
 * The kebab-case name that was most likely meant by `written`, or undefined: a wrong hint is worse than none. It has all words of what was written, in any
 * order (`batch-size`), words cut short or drawn out included (`evaluation-strategy` of `eval-strategy`); or is a typing error away; or begins with the same
 * word and shares all but a common one (`warmup-steps`). Of two that are as good the first is taken.
 */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  return nameWithWords(written, names) ?? nameByEdits(written, names) ?? nameByRareWords(written, names);
}

const wordsOf = (name: string): string[] => name.split('-').filter((word) => word !== '');

const hasWord = (name: string, word: string): boolean => wordsOf(name).includes(word);

const isKnown = (word: string, names: readonly string[]): boolean => names.some((name) => hasWord(name, word));

/** A word that no name has may be a longer or shorter form of one that some name has. */
function hasFormOf(name: string, word: string, names: readonly string[]): boolean {
  if (isKnown(word, names)) return hasWord(name, word);
  return wordsOf(name).some((other) => {
    const [short, long] = other.length < word.length ? [other, word] : [word, other];
    return short.length >= SHORTEST_PART && long.startsWith(short);
  });
}

function nameWithWords(written: string, names: readonly string[]): string | undefined {
  if (written.length < SHORTEST_PART) return undefined;
  const words = wordsOf(written);
  const found = names.filter((name) => words.every((word) => hasFormOf(name, word, names)));
  return found.length > MOST_EQUAL ? undefined : found[0];
}

/** Two edits in four letters, one in three of a longer name. What is made of known words alone was not mistyped. */
function nameByEdits(written: string, names: readonly string[]): string | undefined {
  if (names.length === 0 || wordsOf(written).every((word) => isKnown(word, names))) return undefined;
  const nearest = closest(written, names);
  const length = Math.max(written.length, nearest.length);
  return distance(written, nearest) <= Math.min(length / 2, Math.max(2, length / 3)) ? nearest : undefined;
}

/** A word weighs the less the more names have it. */
function nameByRareWords(written: string, names: readonly string[]): string | undefined {
  const words = wordsOf(written);
  if (words.length < 2) return undefined;
  const weightOf = (word: string): number => 1 / Math.max(1, names.filter((name) => hasWord(name, word)).length);
  const sum = (some: readonly string[]): number => some.reduce((total, word) => total + weightOf(word), 0);
  const found = names.filter((name) => {
    const shared = words.filter((word) => hasWord(name, word));
    return wordsOf(name)[0] === words[0] && sum(shared) > SHARED_WEIGHT * sum(words);
  });
  return found.length === 1 ? found[0] : undefined;
}
