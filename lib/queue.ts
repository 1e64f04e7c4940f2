/**
 * Turns: so much work at the same time, and no more.
 * @module
 */

/** Runs work when its turn has come. */
export type Queue = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/**
 * Lets at most `count` pieces of work run at the same time; the others wait in the order they came. Work whose
 * signal is aborted by its turn is not begun.
 */
export function createQueue(count: number): Queue {
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
