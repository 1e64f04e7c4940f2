/**
 * The one way to standard output: whole lines, in order, counted until they have left.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import { OUTPUT_BYTES_JOINED_MAX, OUTPUT_BYTES_WAITING_MAX } from "../../limits.ts";

/**
 * Writes lines to a stream. Keeps its own account of what has not left yet, because runtimes disagree about
 * `writableLength` of standard output.
 */
export class LineWriter {
  readonly #output: Writable;
  readonly #write: (bytes: Uint8Array, done: (error?: Error | null) => void) => boolean;
  readonly #failed = Promise.withResolvers<Error>();
  /** Lines not yet handed over, and the promise of all of them to have left. */
  #queued = "";
  #left = Promise.withResolvers<void>();
  /** Bytes handed over that have not left. */
  #leavingBytes = 0;
  #broken = false;
  #waiters: { readonly maxBytes: number; readonly resolve: () => void }[] = [];

  /** @param output The stream. Its `write` is taken now, so that replacing it later affects others only. */
  constructor(output: Writable) {
    this.#output = output;
    this.#write = output.write.bind(output);
    output.on("error", this.#fail);
  }

  /** Resolves with the error when the stream can take no more, for instance because its reader is gone. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /**
   * Queues a line; resolves when it has left the process or never will.
   * @param isLast Whether no other is to be expected soon, so that nothing is won by waiting for company.
   */
  line(text: string, isLast = false): Promise<void> {
    if (this.#broken) return Promise.resolve();
    if (this.#queued === "" && !isLast) setImmediate(this.#send);
    this.#queued += `${text}\n`;
    const { promise } = this.#left;
    // What is large goes at once: joining it would only cost memory. No character is less than a byte.
    if (isLast || this.#queued.length > OUTPUT_BYTES_JOINED_MAX) this.#send();
    return promise;
  }

  /** Hands the queued lines over in one write, because a write costs as much as a small call. */
  readonly #send = (): void => {
    if (this.#queued === "") return;
    const bytes = Buffer.from(this.#queued);
    const { resolve } = this.#left;
    this.#queued = "";
    this.#left = Promise.withResolvers();
    this.#leavingBytes += bytes.length;
    this.#write(bytes, (error) => {
      this.#leavingBytes -= bytes.length;
      if (error) this.#fail(error);
      this.#wake();
      resolve();
    });
  };

  /** Whether so much waits to be read that nothing more should be produced. */
  get isFull(): boolean {
    return !this.#isDue(OUTPUT_BYTES_WAITING_MAX);
  }

  /** Resolves when so little waits to be read that more may be produced. */
  ready(): Promise<void> {
    return this.#until(OUTPUT_BYTES_WAITING_MAX);
  }

  /** Resolves when every line has left, or none ever will again. */
  flushed(): Promise<void> {
    return this.#until(0);
  }

  /** Stops listening to the stream. Late errors of a stream that nobody reads are of no interest. */
  release(): void {
    this.#broken = true;
    this.#output.off("error", this.#fail);
    this.#output.on("error", () => {});
    this.#wake();
  }

  #until(maxBytes: number): Promise<void> {
    if (this.#isDue(maxBytes)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ maxBytes, resolve }));
  }

  #isDue(maxBytes: number): boolean {
    return this.#broken || this.#leavingBytes + this.#queued.length <= maxBytes;
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter(({ maxBytes }) => this.#isDue(maxBytes));
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  }

  readonly #fail = (error: Error): void => {
    this.#broken = true;
    this.#failed.resolve(error);
    this.#wake();
  };
}
