/**
 * Random numbers for property tests that can be repeated: set SEED in the test to the number a failure names.
 * @module
 */

/** A source of numbers that its seed decides. */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 up to, not including, `below`. */
  int(below: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** A list of 0 to `most` things. */
  list<T>(most: number, make: () => T): T[];
}

/** A new source. A test passes on `seed` in the message of every assertion. */
export function createRandom(seed = Math.floor(Math.random() * 2 ** 31)): Random {
  let state = seed >>> 0;
  // A linear congruential generator (Numerical Recipes); its high bits are good enough for tests.
  const int = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  return {
    seed,
    int,
    pick(items) {
      const item = items[int(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick from no items");
      return item;
    },
    list: (most, make) => Array.from({ length: int(most + 1) }, make),
  };
}
