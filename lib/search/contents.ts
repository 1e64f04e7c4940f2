/**
 * Searching contents that we read ourselves: ripgrep gets bytes on its standard input and opens nothing, so
 * what it finds is in files that were verified.
 * @module
 */
import { Buffer } from "node:buffer";
import { errorCode, throwIfAborted, ToolError } from "../errors.ts";
import type { OpenFile } from "../fs/types.ts";
import { READ_CHUNK_BYTES, SCAN_BYTES_MAX } from "../limits.ts";
import { readAt } from "../lines.ts";
import type { Write } from "../ripgrep.ts";
import type { FileLines } from "./types.ts";
import { asUtf8 } from "./utf8.ts";

const LINE_FEED = 0x0a;
/** Bytes read of a file at a time: large pieces, because each goes through a pipe. */
const PIECE_BYTES = 16 * READ_CHUNK_BYTES;

/** A file to search: the path it has in the result, and how it is opened. */
export interface Content {
  readonly path: string;
  open(work: (file: OpenFile) => Promise<void>): Promise<void>;
}

/** Where a file begins in the stream: bytes before it, and lines. */
interface Part {
  readonly path: string;
  readonly offset: number;
  readonly line: number;
  binaryFrom?: number;
}

/** Files one behind the other, in UTF-8, each ended by a line feed. */
export class Contents {
  private readonly parts: Part[] = [];
  private offset = 0;
  private line = 0;
  /** Files that could not be read. */
  unreadable = 0;

  /** @param asked Whether they were asked for by name: then they are text, even with a NUL in them. */
  constructor(
    private readonly files: readonly Content[],
    private readonly asked: boolean,
    private readonly signal: AbortSignal,
  ) {}

  /** Writes what there is to search. */
  async writeTo(write: Write): Promise<void> {
    let isWanted = true;
    for (const { path, open } of this.files) {
      throwIfAborted(this.signal);
      if (!isWanted) return;
      try {
        await open(async (file) => {
          isWanted = await this.pass(path, await asUtf8(file), write);
        });
      } catch (error) {
        throwIfAborted(this.signal);
        if (this.asked || (!(error instanceof ToolError) && errorCode(error) === undefined)) throw error;
        this.unreadable++;
      }
    }
  }

  /** Lines of the stream as lines of the files. */
  split({ lines, columns, offsets }: Omit<FileLines, "path">): FileLines[] {
    const found: FileLines[] = [];
    let next = 0;
    let current: FileLines | undefined;
    for (const [index, offset] of offsets.entries()) {
      for (; (this.parts[next]?.offset ?? Infinity) <= offset; next++) current = undefined;
      const part = this.parts[next - 1];
      if (part === undefined) continue;
      if (current === undefined) {
        const { path, binaryFrom } = part;
        current = { path, lines: [], columns: [], offsets: [] };
        if (binaryFrom !== undefined) current.binaryFrom = binaryFrom;
        found.push(current);
      }
      current.lines.push((lines[index] ?? 0) - part.line);
      current.columns.push(columns[index] ?? 1);
      current.offsets.push(offset - part.offset);
    }
    return found;
  }

  /** @returns whether more is wanted. */
  private async pass(path: string, file: OpenFile, write: Write): Promise<boolean> {
    const part: Part = { path, offset: this.offset, line: this.line };
    let last = LINE_FEED;
    for (let position = 0; position < SCAN_BYTES_MAX;) {
      // A new one each time: the one before may still be on its way.
      const chunk = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(1, file.info.size + 1 - position)));
      const bytes = await readAt(file, chunk, position);
      const nul = this.asked ? -1 : bytes.indexOf(0);
      // ripgrep does not show anything of a file that begins like a binary one.
      if (nul !== -1 && position + nul < READ_CHUNK_BYTES) return true;
      if (position === 0) this.parts.push(part);
      if (nul !== -1) part.binaryFrom = position + nul;
      const text = nul === -1 ? bytes : bytes.subarray(0, nul);
      last = text.at(-1) ?? last;
      if (!(await this.send(text, write))) return false;
      if (nul !== -1 || bytes.length < chunk.length) break;
      position += bytes.length;
    }
    return last === LINE_FEED || await this.send(Buffer.from("\n"), write);
  }

  private async send(bytes: Buffer, write: Write): Promise<boolean> {
    this.offset += bytes.length;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) this.line++;
    return bytes.length === 0 || await write(bytes);
  }
}
