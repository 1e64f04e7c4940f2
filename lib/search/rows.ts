/**
 * Reading what ripgrep prints, byte by byte as it comes, in bounded memory.
 * @module
 */
import { Buffer } from "node:buffer";
import type { FileLines } from "./types.ts";

const NUL = 0x00;
const LINE_FEED = 0x0a;
const COLON = 0x3a;
const ZERO = 0x30;

/** Bytes of an unfinished row; paths are at most some thousands. */
const ROW_BYTES_MAX = 1024 * 1024;

/** Something that takes output piece by piece. */
export interface Rows {
  /** @returns false when there are enough. */
  take(chunk: Buffer): boolean;
}

/** Keeps what is behind the last complete row until more comes. */
class Tail {
  private bytes: Buffer = Buffer.alloc(0);

  /** The unfinished row and the chunk behind it. */
  join(chunk: Buffer): Buffer {
    return this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
  }

  keep(rest: Buffer): void {
    if (rest.length > ROW_BYTES_MAX) throw new Error("ripgrep printed a row without an end");
    // A copy: the chunk may be used again for the next one.
    this.bytes = Buffer.from(rest);
  }
}

/**
 * Rows of matching lines: `path NUL line : column : offset : text LF`. The rows of a file follow one another.
 * After them, one of `path : WARNING: stopped searching binary file … LF` says that the file is binary.
 */
export class LineRows implements Rows {
  private readonly found: FileLines[] = [];
  private readonly tail = new Tail();
  private count = 0;
  /** The file of the row before, and its path in the bytes that were printed. */
  private current: FileLines | undefined;
  private path: Buffer = Buffer.alloc(0);

  /**
   * @param max Lines after which there are enough.
   * @param accepts Whether lines of a file count; asked once for every file.
   */
  constructor(private readonly max: number, private readonly accepts: (path: string) => boolean) {}

  /** The files with matching lines. */
  get files(): readonly FileLines[] {
    return this.found;
  }

  take(chunk: Buffer): boolean {
    const bytes = this.tail.join(chunk);
    let at = 0;
    for (;;) {
      const after = this.isSameFile(bytes, at) ? bytes[at + this.path.length] : undefined;
      if (after === COLON) {
        const end = bytes.indexOf(LINE_FEED, at + this.path.length);
        if (end === -1) break;
        this.endBinary(bytes.toString("latin1", at + this.path.length, end));
        at = end + 1;
        continue;
      }
      const separator = after === NUL ? at + this.path.length : bytes.indexOf(NUL, at);
      const end = separator === -1 ? -1 : bytes.indexOf(LINE_FEED, separator);
      if (end === -1) break;
      if (after !== NUL) this.startFile(Buffer.from(bytes.subarray(at, separator)));
      if (this.current !== undefined) {
        if (this.count >= this.max) return false;
        this.addLine(this.current, bytes, separator + 1);
      }
      at = end + 1;
    }
    this.tail.keep(bytes.subarray(at));
    return true;
  }

  private isSameFile(bytes: Buffer, at: number): boolean {
    const { path } = this;
    return path.length > 0 && bytes.length - at > path.length &&
      bytes.compare(path, 0, path.length, at, at + path.length) === 0;
  }

  private startFile(path: Buffer): void {
    this.path = path;
    const name = path.toString("utf8", 2);
    this.current = this.accepts(name) ? { path: name, lines: [], columns: [], offsets: [] } : undefined;
    if (this.current !== undefined) this.found.push(this.current);
  }

  private addLine(file: FileLines, bytes: Buffer, start: number): void {
    let at = start;
    for (const list of [file.lines, file.columns, file.offsets]) {
      let value = 0;
      for (let byte = bytes[at] ?? COLON; byte !== COLON; byte = bytes[++at] ?? COLON) {
        value = value * 10 + byte - ZERO;
      }
      list.push(value);
      at++;
    }
    this.count++;
  }

  private endBinary(message: string): void {
    const offset = /around offset (\d+)/.exec(message)?.[1];
    if (this.current !== undefined) this.current.binaryFrom = Number(offset ?? 0);
  }
}

/** Paths, each ended by NUL. */
export class PathRows implements Rows {
  private readonly tail = new Tail();

  /** @param add Takes a path; false when there are enough. */
  constructor(private readonly add: (path: string) => boolean) {}

  take(chunk: Buffer): boolean {
    const bytes = this.tail.join(chunk);
    const end = bytes.lastIndexOf(NUL) + 1;
    const text = bytes.toString("utf8", 0, end);
    for (let at = 0, next = text.indexOf("\0"); next !== -1; at = next + 1, next = text.indexOf("\0", at)) {
      if (!this.add(text.slice(at + 2, next))) return false;
    }
    this.tail.keep(bytes.subarray(end));
    return true;
  }
}
