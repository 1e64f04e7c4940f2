/**
 * A gate for work that must not all run at once.
 * @module
 */

/** Runs work when its turn has come; not at all when the signal is aborted by then. */
export type Gate = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** Lets at most `count` pieces of work run at the same time; the others wait in the order they came. */
export function createGate(count: number): Gate {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work, signal) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
