/**
 * The lines that are shown of a file, read anew from its verified descriptor: what a search returned only
 * says where.
 * @module
 */
import { Buffer } from "node:buffer";
import type { OpenFile } from "../../lib/fs/types.ts";
import { SEARCH_BLOCK_BYTES, SEARCH_LINE_CHARS_MAX } from "../../lib/limits.ts";
import { readAt } from "../../lib/lines.ts";
import { asUtf8 } from "../../lib/search/utf8.ts";
import { decodeAs } from "../../lib/text.ts";

/** A line to show: see {@link FileLines}. */
export interface Hit {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** A line as it is shown. */
interface Shown {
  readonly line: number;
  readonly text: string;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const WINDOW_BYTES = 3 * SEARCH_LINE_CHARS_MAX;

/**
 * The rows of every hit: its line as `12: text`, lines around it as `11- text`, each of them once. Undefined
 * when the file is binary.
 * @param context Lines to show before and after each hit.
 */
export async function excerpts(
  opened: OpenFile,
  hits: readonly Hit[],
  context: number,
): Promise<string[][] | undefined> {
  const file = await asUtf8(opened);
  if ((await readAt(file, Buffer.alloc(SEARCH_BLOCK_BYTES), 0)).includes(0)) return undefined;
  const rows: string[][] = [];
  let last = 0;
  for (const [index, hit] of hits.entries()) {
    const next = hits[index + 1]?.line ?? Infinity;
    const block = await readAround(file, hit, context);
    const before = block.before.filter(({ line }) => line > last);
    const after = block.after.filter(({ line }) => line < next);
    rows.push([
      ...before.map(({ line, text }) => `${line}- ${text}`),
      `${hit.line}: ${block.text}`,
      ...after.map(({ line, text }) => `${line}- ${text}`),
    ]);
    last = after.at(-1)?.line ?? hit.line;
  }
  return rows;
}

interface Block {
  readonly before: readonly Shown[];
  readonly text: string;
  readonly after: readonly Shown[];
}

async function readAround(file: OpenFile, hit: Hit, context: number): Promise<Block> {
  const reach = context === 0 ? WINDOW_BYTES : SEARCH_BLOCK_BYTES;
  const begin = Math.max(0, hit.offset - (context === 0 ? 1 : reach));
  const start = hit.offset - begin;
  const bytes = await readAt(file, Buffer.allocUnsafe(start + reach), begin);
  const isEnd = bytes.length < start + reach;
  if (start >= bytes.length || (start > 0 && bytes[start - 1] !== LINE_FEED)) {
    return { before: [], text: "[the file was changed during the search]", after: [] };
  }
  const end = bytes.indexOf(LINE_FEED, start);
  const text = (end === -1 && !isEnd) || (end === -1 ? bytes.length : end) - start > SEARCH_LINE_CHARS_MAX
    ? await windowAround(file, hit)
    : show(bytes.subarray(start, end === -1 ? bytes.length : end));
  return {
    text,
    before: context === 0 ? [] : linesBefore(bytes.subarray(0, start), hit.line, context, begin === 0),
    after: context === 0 || end === -1 ? [] : linesAfter(bytes.subarray(end + 1), hit.line, context, isEnd),
  };
}

/** The part of a line around its match. Where it is cut there is an ellipsis. */
async function windowAround(file: OpenFile, { column, offset }: Hit): Promise<string> {
  const match = offset + column - 1;
  const begin = Math.max(offset, match - WINDOW_BYTES);
  const bytes = await readAt(file, Buffer.allocUnsafe(match - begin + WINDOW_BYTES), begin);
  const lineEnd = bytes.indexOf(LINE_FEED, match - begin);
  const line = bytes.subarray(0, lineEnd === -1 ? bytes.length : lineEnd);
  const isWhole = lineEnd !== -1 || bytes.length < match - begin + WINDOW_BYTES;
  const prefix = line.subarray(0, match - begin);
  const before = decode(begin > offset ? skipPartial(prefix) : prefix);
  const text = before + show(line.subarray(match - begin));
  const start = Math.max(
    0,
    Math.min(before.length - SEARCH_LINE_CHARS_MAX / 4, text.length - SEARCH_LINE_CHARS_MAX),
  );
  const cut = text.slice(start, start + SEARCH_LINE_CHARS_MAX).toWellFormed();
  const isStart = begin === offset && start === 0;
  const isEnd = isWhole && start + SEARCH_LINE_CHARS_MAX >= text.length;
  return `${isStart ? "" : "…"}${cut}${isEnd ? "" : "…"}`;
}

function linesBefore(bytes: Buffer, line: number, count: number, isBeginning: boolean): Shown[] {
  const lines: Shown[] = [];
  for (let end = bytes.length - 1; end >= 0 && lines.length < count;) {
    // A negative start would mean the end of the buffer.
    const start = end === 0 ? 0 : bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
    // Of a line that begins before what was read, nothing is shown.
    if (start === 0 && !isBeginning) break;
    lines.unshift({ line: line - lines.length - 1, text: clipped(bytes.subarray(start, end)) });
    end = start - 1;
  }
  return lines;
}

function linesAfter(bytes: Buffer, line: number, count: number, isEnd: boolean): Shown[] {
  const lines: Shown[] = [];
  for (let start = 0; start < bytes.length && lines.length < count;) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end === -1 && !isEnd) break;
    lines.push({
      line: line + lines.length + 1,
      text: clipped(bytes.subarray(start, end === -1 ? bytes.length : end)),
    });
    if (end === -1) break;
    start = end + 1;
  }
  return lines;
}

function clipped(bytes: Buffer): string {
  const text = show(bytes.subarray(0, WINDOW_BYTES));
  return text.length <= SEARCH_LINE_CHARS_MAX
    ? text
    : `${text.slice(0, SEARCH_LINE_CHARS_MAX).toWellFormed()}…`;
}

/** A line without the carriage return of its ending. */
function show(line: Buffer): string {
  return decode(line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line);
}

/** UTF-8 where it is valid, else windows-1252. An unfinished character at the end is left out. */
function decode(bytes: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    text = decodeAs(bytes, "latin1");
  }
  return text.replaceAll("\0", "\u2400");
}

/** Leaves out the rest of a character that began earlier. */
function skipPartial(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
