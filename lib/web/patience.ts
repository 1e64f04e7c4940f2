/**
 * Waiting with an end: by a limit of time, or because nobody waits any more.
 * @module
 */
import { throwIfAborted, type ToolError } from "../errors.ts";

/**
 * Runs `work` for at most `ms` milliseconds.
 * @param work Gets a signal that is aborted at the end of the time and with the outer one. Whether it obeys
 * or not, nobody waits for it any longer.
 * @param tooLate Makes the error for the end of the time.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  tooLate: () => ToolError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const stop = new AbortController();
  const aborted = Promise.withResolvers<never>();
  const timer = setTimeout(() => stop.abort(tooLate()), ms);
  const cancel = () => stop.abort(signal.reason);
  stop.signal.addEventListener("abort", () => aborted.reject(stop.signal.reason), { once: true });
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await Promise.race([work(stop.signal), aborted.promise]);
  } catch (error) {
    throwIfAborted(signal);
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}
