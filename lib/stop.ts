/**
 * What stops one call: its client, or its time limit.
 * @module
 */
import { CancelledError } from "./errors.ts";

/**
 * Stops a call, once. Most calls never look at the signal, and making one costs as much as opening a file, so
 * it is made only for those that do.
 */
export class Stop {
  #controller: AbortController | undefined;
  #reason: unknown;
  #isStopped = false;
  #leave: (() => void) | undefined;

  /** Whether the call was stopped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Why it was stopped; a {@link CancelledError} when nobody waits for its answer any more. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Aborted when the call is stopped, with the reason. The same object every time. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isStopped) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Stops the call; what comes after the first time is without effect. */
  abort(reason: unknown = new CancelledError()): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#leave?.();
  }

  /**
   * Settles as the work does, or rejects with the reason as soon as the call is stopped, whatever the work
   * still does. Only the last work is waited for.
   */
  wait<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped) return reject(this.#reason);
      this.#leave = () => reject(this.#reason);
      const result = work();
      // To resolve with a promise takes two turns more than to follow it.
      if (result instanceof Promise) result.then(resolve, reject);
      else resolve(result);
    });
  }
}
