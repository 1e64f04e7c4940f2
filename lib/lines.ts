/**
 * Lines of a file without reading all of it: forward from a line, or backward from the end.
 *
 * A line ends with LF (a CR before it belongs to the ending), or with CR in a file whose beginning has no LF.
 * The ending of the last line is optional and starts no further line. Memory is bounded by what is shown,
 * never by the size of the file or of a line.
 * @module
 */
import { Buffer } from "node:buffer";
import { throwIfAborted } from "./errors.ts";
import type { OpenFile } from "./fs/types.ts";
import { LINE_CHARS_MAX, READ_CHUNK_BYTES, REPLY_CHARS_MAX, SCAN_BYTES_MAX } from "./limits.ts";
import { decodeAs, detect, type Form, type LineEnding, lineEnding } from "./text.ts";

/** How the lines of a file are stored. */
export interface Layout extends Form {
  /** The character that ends a line: 0x0a or 0x0d. */
  readonly terminator: number;
}

/** A line without its ending. */
export interface Line {
  readonly text: string;
  /** Bytes of it that were not kept, because it is too long. */
  readonly dropped: number;
}

/** Some lines of a file, in order. */
export interface Page {
  readonly lines: readonly Line[];
  /** Number of the first one, counted from 1; unknown when a large file was read from its end. */
  readonly first?: number;
  /** Lines in the whole file, where that came to light. */
  readonly total?: number;
  /** Whether the file goes on after the last one. */
  readonly more: boolean;
  readonly ending: LineEnding;
  /** Lines counted until the search was given up: it had read {@link SCAN_BYTES_MAX} bytes. */
  readonly stoppedAfter?: number;
}

/** What a scan reports to and is ended by; a tool's context is one. */
export interface Watch {
  readonly signal: AbortSignal;
  progress(done: number, total?: number, message?: string): void;
}

/**
 * How many lines to read, and where to stop before: once more than `chars` characters are certain to be
 * shown.
 */
export interface Wanted {
  readonly count: number;
  readonly chars: number;
}

/**
 * Fills the buffer from `position`, whatever pieces the system hands out.
 * @returns the part that was filled.
 */
export async function readAt(file: OpenFile, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const read = await file.read(buffer.subarray(filled), position + filled);
    if (read === 0) break;
    filled += read;
    // What was known to be there is there: the read that would only confirm the end is spared.
    if (position + filled === file.info.size) break;
  }
  return buffer.subarray(0, filled);
}

/** The layout of a file, from its form and its beginning. */
export function layoutOf(form: Form, head: Uint8Array): Layout {
  const onlyReturns = head.includes(0x0d) && !decodeAs(head, form.encoding).includes("\n");
  return { ...form, terminator: onlyReturns ? 0x0d : 0x0a };
}

/** The lines of a whole text, without their endings. */
export function splitLines(text: string): string[] {
  if (text === "") return [];
  // Splitting at a string is several times faster than at an expression.
  const lines = text.split(!text.includes("\r") ? "\n" : text.includes("\n") ? /\r?\n/ : "\r");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The page of a whole text that starts with line `first`. */
export function pageOf(text: string, first: number, count: number): Page {
  const total = numberOfLines(text);
  let lines: Line[] | undefined;
  const from = Math.max(0, first - 1);
  return {
    // A small file is mostly shown as it is, and then nobody asks for its lines.
    get lines() {
      return lines ??= splitLines(text).slice(from, from + count).map((line) => ({ text: line, dropped: 0 }));
    },
    first: from + 1,
    total,
    more: from + count < total,
    ending: text.includes("\r") ? lineEnding(text) : "\n",
  };
}

function numberOfLines(text: string): number {
  if (text.includes("\r")) return splitLines(text).length;
  let lines = text === "" || text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** Reads lines forward, from line `first` (from 1) on. */
export async function readLines(
  file: OpenFile,
  layout: Layout,
  first: number,
  wanted: Wanted,
  watch: Watch,
): Promise<Page> {
  const collector = new Collector(layout, wanted);
  let before = 0;
  let unfinished = 0;
  const end = await scan(file, markBytes(layout), watch, (bytes) => {
    let at = 0;
    while (before < first - 1) {
      const next = afterTerminator(bytes, at, layout);
      if (next === -1) {
        unfinished = at === 0 ? unfinished + bytes.length : bytes.length - at;
        return undefined;
      }
      unfinished = 0;
      at = next;
      before++;
    }
    return collector.take(bytes, at);
  });
  if (before === first - 1) return collector.finish(end, first);
  const page = { lines: [], more: false, ending: "none" as const };
  return end.why === "limit"
    ? { ...page, stoppedAfter: before }
    : { ...page, total: before + (unfinished > 0 ? 1 : 0) };
}

/**
 * Reads lines from the `back`-th last one on. When all up to the end are wanted and they are certain to be
 * more than `wanted.chars`, the earliest are left out without being looked for.
 */
export async function readLastLines(
  file: OpenFile,
  layout: Layout,
  back: number,
  wanted: Wanted,
  watch: Watch,
): Promise<Page> {
  const toEnd = wanted.count >= back;
  const start = await startOfLast(file, layout, back, toEnd ? wanted.chars : Infinity, watch);
  if (start === undefined) return { lines: [], more: false, ending: "none", stoppedAfter: 0 };
  const collector = new Collector(layout, { count: wanted.count, chars: toEnd ? Infinity : wanted.chars });
  const end = await scan(file, start, watch, (bytes) => collector.take(bytes, 0));
  return collector.finish(end, start === markBytes(layout) ? 1 : undefined);
}

/** The number of lines; undefined when the file is too large to count them ({@link SCAN_BYTES_MAX}). */
export async function countLines(file: OpenFile, layout: Layout, watch: Watch): Promise<number | undefined> {
  return (await readLines(file, layout, Infinity, { count: 1, chars: 1 }, watch)).total;
}

/** Why a scan ended: the work was done, the file was over, or it had read {@link SCAN_BYTES_MAX} bytes. */
interface ScanEnd {
  readonly why: "done" | "over" | "limit";
  /** Whether the file goes on behind what was used. */
  readonly more: boolean;
}

/**
 * Hands out the file chunk by chunk, in a buffer that is used again for the next one. `use` returns how many
 * bytes it used when it is done, else undefined.
 */
async function scan(
  file: OpenFile,
  from: number,
  watch: Watch,
  use: (bytes: Buffer) => number | undefined,
): Promise<ScanEnd> {
  const buffer = Buffer.allocUnsafe(READ_CHUNK_BYTES);
  const { size } = file.info;
  for (let position = from; position - from < SCAN_BYTES_MAX;) {
    throwIfAborted(watch.signal);
    const bytes = await readAt(file, buffer, position);
    if (bytes.length === 0) return { why: "over", more: false };
    const used = use(bytes);
    if (used !== undefined) return { why: "done", more: position + used < size };
    position += bytes.length;
    watch.progress(position - from, Math.min(size - from, SCAN_BYTES_MAX), "Bytes read");
  }
  return { why: "limit", more: true };
}

/**
 * Where the `back`-th last line starts, or a later one when `chars` are certain to be used up; undefined: too
 * far.
 */
async function startOfLast(
  file: OpenFile,
  layout: Layout,
  back: number,
  chars: number,
  watch: Watch,
): Promise<number | undefined> {
  const { size } = file.info;
  const unit = unitBytes(layout);
  const floor = markBytes(layout);
  const buffer = Buffer.allocUnsafe(READ_CHUNK_BYTES);
  let found = 0;
  let lineEnd = size;
  let room = chars * UTF8_BYTES_PER_UNIT;
  for (let end = size - size % unit; end > floor && size - end < SCAN_BYTES_MAX;) {
    throwIfAborted(watch.signal);
    const begin = Math.max(floor, end - buffer.length);
    const bytes = await readAt(file, buffer.subarray(0, end - begin), begin);
    for (let next = bytes.length; (next = beforeTerminator(bytes, next, layout)) !== -1;) {
      const start = begin + next + unit;
      if (start >= size - size % unit) continue;
      found++;
      room -= Math.min(lineEnd - start, LINE_CHARS_MAX * UTF8_BYTES_PER_UNIT);
      lineEnd = start;
      if (found === back || room < 0) return start;
    }
    if (begin === floor) return floor;
    end = begin;
    watch.progress(size - end, Math.min(size, SCAN_BYTES_MAX), "Bytes read from the end");
  }
  return size - size % unit <= floor ? floor : undefined;
}

/** Collects lines out of chunks, each bounded in length. */
class Collector {
  private readonly lines: Line[] = [];
  private parts: Buffer[] = [];
  private kept = 0;
  private dropped = 0;
  private shown = 0;
  private terminated = 0;
  private returns = 0;

  constructor(private readonly layout: Layout, private readonly wanted: Wanted) {}

  /**
   * Takes the lines of a chunk from an index on.
   * @returns the index behind the last one when no more are wanted.
   */
  take(bytes: Buffer, from: number): number | undefined {
    let at = from;
    while (this.lines.length < this.wanted.count && this.shown <= this.wanted.chars) {
      const next = afterTerminator(bytes, at, this.layout);
      if (next === -1) {
        this.keep(bytes.subarray(at));
        return undefined;
      }
      this.keep(bytes.subarray(at, next - unitBytes(this.layout)));
      this.endLine(true);
      at = next;
    }
    return at;
  }

  /** The page, after the scan that fed it. */
  finish(end: ScanEnd, first: number | undefined): Page {
    if (this.kept > 0) this.endLine(false);
    const page = { lines: this.lines, more: end.more, ending: this.ending() };
    if (first === undefined) return page;
    // Past the end there is no line to count from.
    return end.more ? { ...page, first } : { ...page, first, total: first - 1 + this.lines.length };
  }

  private keep(bytes: Buffer): void {
    const part = bytes.subarray(0, LINE_BYTES_KEPT - this.kept);
    if (part.length > 0) this.parts.push(Buffer.from(part));
    this.kept += part.length;
    this.dropped += bytes.length - part.length;
  }

  private endLine(terminated: boolean): void {
    let text = decodeLine(Buffer.concat(this.parts), this.layout);
    if (terminated) this.terminated++;
    if (terminated && this.layout.terminator === 0x0a && this.dropped === 0 && text.endsWith("\r")) {
      text = text.slice(0, -1);
      this.returns++;
    }
    this.lines.push({ text, dropped: this.dropped });
    this.shown += Math.min(text.length, LINE_CHARS_MAX) + 1;
    this.parts = [];
    this.kept = 0;
    this.dropped = 0;
  }

  private ending(): LineEnding {
    if (this.terminated === 0) return "none";
    if (this.layout.terminator === 0x0d) return "\r";
    return this.returns === 0 ? "\n" : this.returns === this.terminated ? "\r\n" : "mixed";
  }
}

/** UTF-8 needs at most three bytes for a UTF-16 unit, the other encodings fewer. */
const UTF8_BYTES_PER_UNIT = 3;

/**
 * Bytes kept of one line: no reply shows more of it, so a character cut in half at their end is never seen.
 */
const LINE_BYTES_KEPT = UTF8_BYTES_PER_UNIT * REPLY_CHARS_MAX;

/** Large files were judged by a sample, so a line may still be Latin-1 or hold a NUL. */
function decodeLine(bytes: Buffer, layout: Layout): string {
  let text = decodeAs(bytes, layout.encoding);
  if (text.includes("\ufffd") && layout.encoding === "utf-8" && detect(bytes)?.encoding === "latin1") {
    text = decodeAs(bytes, "latin1");
  }
  return text.replaceAll("\0", "\u2400");
}

function unitBytes(layout: Layout): 1 | 2 {
  return layout.encoding === "utf-16le" || layout.encoding === "utf-16be" ? 2 : 1;
}

function markBytes(layout: Layout): number {
  return layout.bom ? (unitBytes(layout) === 2 ? 2 : 3) : 0;
}

/** The index behind the next terminator from `from` on, or -1. Chunks start at whole units. */
function afterTerminator(bytes: Buffer, from: number, layout: Layout): number {
  for (let at = from;; at++) {
    at = bytes.indexOf(layout.terminator, at);
    if (at === -1 || unitBytes(layout) === 1) return at === -1 ? -1 : at + 1;
    const start = terminatorStart(bytes, at, layout);
    if (start !== -1) return start + 2;
  }
}

/** The index of the last terminator that ends at `before` or earlier, or -1. */
function beforeTerminator(bytes: Buffer, before: number, layout: Layout): number {
  for (let at = before - 1; at >= 0; at--) {
    at = bytes.lastIndexOf(layout.terminator, at);
    if (at === -1 || unitBytes(layout) === 1) return at;
    const start = terminatorStart(bytes, at, layout);
    if (start !== -1) return start;
  }
  return -1;
}

/**
 * In UTF-16: where the unit starts to which the byte at `at` belongs, if that unit is the terminator; else
 * -1.
 */
function terminatorStart(bytes: Buffer, at: number, layout: Layout): number {
  const start = at - at % 2;
  const isTerminator = layout.encoding === "utf-16le"
    ? at === start && bytes[start + 1] === 0
    : at === start + 1 && bytes[start] === 0;
  return isTerminator ? start : -1;
}
