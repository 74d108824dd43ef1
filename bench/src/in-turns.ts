/**
 * Measures every contender once a round, so that all see the same drift of the machine; every other round goes backwards, so that none
 * always follows the same one. Resolves to the results of each name in the order of rounds.
 */
export async function measureInTurns<Result>(
  names: readonly string[],
  rounds: number,
  measure: (name: string, round: number) => Promise<Result>,
): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) results.get(name)?.push(await measure(name, round));
  }
  return results;
}
