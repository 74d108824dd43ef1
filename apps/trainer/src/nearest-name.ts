import { closest, distance } from 'fastest-levenshtein';

/** Letters that tell a word, or a name by one of its words. */
const SHORTEST_PART = 3;

/** Names that are meant equally well: of two the first is named, of more none. */
const MOST_EQUAL = 2;

/** Edits in a letter that make a typing error: one in four letters, six in 24. */
const EDITS_PER_LETTER = 1 / 4;

/** Edits that exchange two neighboring letters. */
const EXCHANGE = 2;

/** Weight of the shared words, of all that were written, that makes two names alike which begin with the same word. */
const SHARED_WEIGHT = 0.75;

/**
 * The kebab-case name that was most likely meant by `written`, or undefined: a wrong hint is worse than none. It is a typing error away; or has all words of
 * what was written, in any order (`batch-size`), words cut short or drawn out included (`evaluation-strategy` of `eval-strategy`); or begins with the same word
 * and shares all but a common one (`warmup-steps`). Of two that are as good the first is taken.
 */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  return nameByEdits(written, names) ?? nameWithWords(written, names) ?? nameByRareWords(written, names);
}

const wordsOf = (name: string): string[] => name.split('-').filter((word) => word !== '');

const hasWord = (name: string, word: string): boolean => wordsOf(name).includes(word);

const isKnown = (word: string, names: readonly string[]): boolean => names.some((name) => hasWord(name, word));

/**
 * The words that are meant by a written one: itself; or, where no name has it, those that it cuts short and the longest that it draws out (`dropouts` is a
 * `dropout`, and no `drop`).
 */
function formsOf(written: string, names: readonly string[]): string[] {
  if (isKnown(written, names)) return [written];
  const known = names.flatMap(wordsOf);
  const drawnOut = known.filter((word) => word.length >= SHORTEST_PART && written.startsWith(word));
  const longest = Math.max(...drawnOut.map(({ length }) => length));
  const cutShort = written.length < SHORTEST_PART ? [] : known.filter((word) => word.startsWith(written));
  return [...cutShort, ...drawnOut.filter(({ length }) => length === longest)];
}

/** Of two names the one whose words are closer to those that were written; further words of a name do not count. */
function nameWithWords(written: string, names: readonly string[]): string | undefined {
  if (written.length < SHORTEST_PART) return undefined;
  const words = wordsOf(written).map((word) => ({ word, forms: formsOf(word, names) }));
  const found = names.filter((name) => words.every(({ forms }) => forms.some((form) => hasWord(name, form))));
  if (found.length > MOST_EQUAL) return undefined;
  const editsOf = (name: string): number =>
    words.reduce((sum, { word }) => sum + distance(word, closest(word, wordsOf(name))), 0);
  return found.toSorted((a, b) => editsOf(a) - editsOf(b))[0];
}

/** What is made of known words alone was not mistyped. */
function nameByEdits(written: string, names: readonly string[]): string | undefined {
  if (names.length === 0 || wordsOf(written).every((word) => isKnown(word, names))) return undefined;
  const nearest = closest(written, names);
  const edits = distance(written, nearest);
  const isExchange = edits <= EXCHANGE && lettersOf(written) === lettersOf(nearest);
  return isExchange || edits <= EDITS_PER_LETTER * Math.max(written.length, nearest.length) ? nearest : undefined;
}

const lettersOf = (name: string): string => [...name].sort().join('');

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
