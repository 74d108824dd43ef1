import type { DataReport } from '@marquee/dataset';

/** What a person should know of the data before training, a line each; nothing where there is nothing odd. */
export function describeData({ parts, overlaps }: DataReport): string[] {
  const ofParts = Object.entries(parts).flatMap(([name, { copies, conflicts, characters, empty, withoutWords }]) => {
    const found = {
      'surplus copies of equal reviews': copies.equal.surplus,
      'surplus copies of equal or nearly equal reviews': copies.near.surplus,
      'groups of nearly equal reviews with different labels': conflicts.near,
      'reviews without text, which a training refuses': empty.rows,
      'reviews without a word': withoutWords,
      'reviews with characters that were not decodable': characters.replacement,
      'reviews of UTF-8 that was read as another encoding': characters.mojibake,
    };
    return Object.entries(found).flatMap(([what, count]) => (count > 0 ? [`${name}: ${count} ${what}`] : []));
  });
  const shared = overlaps.map(({ parts: [first, second], equal, near }) => {
    return `${first} and ${second} share ${near} reviews, ${equal} of them equal`;
  });
  return [...ofParts, ...shared];
}
