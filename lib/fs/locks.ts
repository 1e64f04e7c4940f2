/**
 * Locks by path, within this process.
 * @module
 */
import { realpath } from "node:fs/promises";
import type { Files } from "./types.ts";

/**
 * Locks by path: work on the same file, by whatever path, runs one after the other, in the order it came.
 * Several files are locked in the order of their names, so that two calls never wait for each other.
 */
export function createLocks(): Files["exclusive"] {
  const tails = new Map<string, Promise<unknown>>();
  const lock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    const before = tails.get(path) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => {});
    tails.set(path, settled);
    try {
      return await mine;
    } finally {
      if (tails.get(path) === settled) tails.delete(path);
    }
  };
  // Names are looked up one call after the other, so that calls are served in the order they came.
  let lookUps: Promise<unknown> = Promise.resolve();
  return async (paths, work) => {
    const lookUp = lookUps.then(() => Promise.all(paths.map((path) => realpath(path).catch(() => path))));
    lookUps = lookUp;
    const names = await lookUp;
    // The innermost lock is taken last, so wrapping from the last name outwards takes them in order.
    const inOrder = [...new Set(names)].sort();
    return await inOrder.reduceRight((inner, path) => () => lock(path, inner), work)();
  };
}
