/**
 * Output of git as lines: of a long line only the beginning is kept, and bytes that are no UTF-8 are read as
 * windows-1252, line by line, because a patch may hold files of any encoding.
 * @module
 */
import { Buffer } from "node:buffer";
import { isUtf8 } from "node:buffer";
import { decodeAs } from "../text.ts";

const NEWLINE = 0x0a;

/** Splits what arrives in pieces. */
export interface LineReader {
  /** Takes a piece; false when the taker of lines has enough. */
  take(chunk: Buffer): boolean;
  /** Hands over what stands behind the last newline. */
  end(): void;
}

/**
 * Makes a reader.
 * @param maxBytes Bytes kept of a line.
 * @param line Takes a line, without its end, and how many bytes of it are missing; false when it has enough.
 */
export function createLineReader(
  maxBytes: number,
  line: (text: string, missing: number) => boolean,
): LineReader {
  let kept: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer) => {
    if (length < maxBytes && part.length > 0) kept.push(part.subarray(0, maxBytes - length));
    length += part.length;
  };
  const flush = () => {
    const bytes = kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
    const missing = length - bytes.length;
    kept = [];
    length = 0;
    return line(decodeLine(bytes, missing > 0), missing);
  };
  return {
    take(chunk) {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
        keep(chunk.subarray(from, end));
        from = end + 1;
        if (!flush()) return false;
      }
      // What waits for its end must not be overwritten by the next piece.
      if (from < chunk.length) keep(Buffer.from(chunk.subarray(from)));
      return true;
    },
    end() {
      if (length > 0) flush();
    },
  };
}

/** The characters of a line; of one that was cut, a broken character at the end is left out. */
function decodeLine(bytes: Buffer, cut: boolean): string {
  if (isUtf8(bytes)) return decodeAs(bytes, "utf-8");
  for (let less = 1; cut && less <= 3; less++) {
    const part = bytes.subarray(0, bytes.length - less);
    if (isUtf8(part)) return decodeAs(part, "utf-8");
  }
  return decodeAs(bytes, "latin1");
}

/** A name as git writes it in lists: as it is, or in quotes with the escapes of C. */
export function unquoteName(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  const parts: Buffer[] = [];
  for (const [, octal, letter, plain] of text.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) parts.push(Buffer.from([parseInt(octal, 8)]));
    else parts.push(Buffer.from(plain ?? ESCAPES[letter ?? ""] ?? letter ?? "", "utf8"));
  }
  return Buffer.concat(parts).toString("utf8");
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
