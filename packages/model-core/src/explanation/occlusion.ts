import type { Scores } from './explanation.js';
import { deadlineExceeded, type Meter } from './meter.js';
import type { ValueOf } from './subject.js';

/**
 * Occlusion (Zeiler and Fergus 2014; "leave one out"): what the log-odds lose when a word is left out. Scores need not sum to the change from no words at all, since words
 * that say the same stand in for each other. Throws `DEADLINE_EXCEEDED` when time is up before every word was left out.
 */
export async function occlusion(wordCount: number, valueOf: ValueOf, meter: Meter): Promise<Scores> {
  const scores = new Float64Array(wordCount);
  const whole = await valueOf(new Uint8Array(wordCount).fill(1));
  for (let word = 0; word < wordCount; word++) {
    if (await meter.isOver()) throw deadlineExceeded(`${word} of ${wordCount} words`);
    scores[word] = whole - (await valueOf(new Uint8Array(wordCount).fill(1).fill(0, word, word + 1)));
  }
  const nothing = await valueOf(new Uint8Array(wordCount));
  return { scores, logitChange: whole - nothing, steps: wordCount + 2, converged: true };
}
