/**
 * Why a document cannot be read.
 * @module
 */

/** A document cannot be read. The message is the end of "Cannot read "x": …". */
export class Unreadable extends Error {
  /** What to do next, a whole sentence. */
  readonly next: string;

  constructor(why: string, next: string) {
    super(why);
    this.name = "Unreadable";
    this.next = next;
  }
}
