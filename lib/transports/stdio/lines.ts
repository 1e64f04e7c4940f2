/**
 * Splits a stream of bytes into lines with bounded memory.
 * @module
 */

/** One line without its line feed, or what is known of a line that was too long to keep. */
export type Line =
  | { readonly kind: "line"; readonly bytes: Uint8Array }
  | {
    readonly kind: "too long";
    /** Bytes of the whole line. */
    readonly size: number;
    /** Its first and last KEPT_BYTES bytes: enough to find out which request it was. */
    readonly head: Uint8Array;
    readonly tail: Uint8Array;
  };

/** Bytes kept from both ends of a line that is too long. */
const KEPT_BYTES = 1024;
const LINE_FEED = 0x0a;

/**
 * Collects chunks into lines. A line inside one chunk is a view of it; a longer one is copied into a buffer
 * that grows by doubling, so that the work stays linear however small the chunks are.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #buffer = new Uint8Array(0);
  #length = 0;
  #skipped: { size: number; head: Uint8Array; tail: Uint8Array } | undefined;

  /**
   * @param maxBytes Bytes of the longest line that is kept; the rest of a longer one is skipped as it
   * streams.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    while (true) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end === -1) break;
      lines.push(this.#finish(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** What is left at the end of the stream: a last line without a line feed, if there is one. */
  end(): Line | undefined {
    if (this.#length === 0 && this.#skipped === undefined) return undefined;
    return this.#finish(new Uint8Array(0));
  }

  #finish(rest: Uint8Array): Line {
    if (this.#length === 0 && this.#skipped === undefined && rest.length <= this.#maxBytes) {
      return { kind: "line", bytes: rest };
    }
    this.#keep(rest);
    const skipped = this.#skipped;
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#forget();
    this.#skipped = undefined;
    return skipped === undefined ? { kind: "line", bytes } : { kind: "too long", ...skipped };
  }

  #keep(bytes: Uint8Array): void {
    const size = (this.#skipped?.size ?? this.#length) + bytes.length;
    if (this.#skipped !== undefined) {
      this.#skipped = { size, head: this.#skipped.head, tail: lastBytes(this.#skipped.tail, bytes) };
    } else if (size > this.#maxBytes) {
      const kept = this.#buffer.subarray(0, this.#length);
      const head = join(kept.subarray(0, KEPT_BYTES), bytes.subarray(0, KEPT_BYTES)).slice(0, KEPT_BYTES);
      this.#skipped = { size, head, tail: lastBytes(kept, bytes) };
      this.#forget();
    } else if (bytes.length > 0) {
      this.#append(bytes, size);
    }
  }

  #append(bytes: Uint8Array, size: number): void {
    if (size > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(size, 2 * this.#buffer.length));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = size;
  }

  #forget(): void {
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }
}

function lastBytes(before: Uint8Array, after: Uint8Array): Uint8Array {
  return join(before.subarray(-KEPT_BYTES), after.subarray(-KEPT_BYTES)).slice(-KEPT_BYTES);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
