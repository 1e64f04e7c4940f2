/**
 * A limit on time that can stand still.
 * @module
 */

/** A limit on time. */
export interface Deadline {
  /** Does something whose time does not count. */
  readonly pause: <T>(work: () => Promise<T>) => Promise<T>;
  /** Ends it: nothing is called any more. */
  readonly clear: () => void;
}

/** Calls `passed` when so many milliseconds have gone by, those of pauses not counted. */
export function startDeadline(ms: number, passed: () => void): Deadline {
  let left = ms;
  let pauses = 0;
  let isOver = false;
  let since = performance.now();
  let timer = setTimeout(passed, left);
  const run = () => {
    since = performance.now();
    timer = setTimeout(passed, left);
  };
  return {
    async pause(work) {
      if (pauses++ === 0) {
        clearTimeout(timer);
        left = Math.max(0, left - (performance.now() - since));
      }
      try {
        return await work();
      } finally {
        if (--pauses === 0 && !isOver) run();
      }
    },
    clear() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
