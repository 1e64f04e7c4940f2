/**
 * Text in files: which encoding bytes are in, to and fro without a loss, and how lines end.
 * @module
 */
import { Buffer, isUtf8 as isWholeUtf8 } from "node:buffer";

/** The encodings that are recognised. "latin1" is windows-1252, as in the WHATWG Encoding Standard. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "latin1";

/** How a text is stored: its encoding, and whether a byte order mark stands in front. */
export interface Form {
  readonly encoding: Encoding;
  readonly bom: boolean;
}

/** A text and how it was stored. The byte order mark is not part of `text`. */
export interface Decoded extends Form {
  readonly text: string;
}

/** How the lines of a text end; "none" when it has one line only. */
export type LineEnding = "\n" | "\r\n" | "\r" | "mixed" | "none";

/**
 * The code points of the bytes 0x80 to 0x9F (WHATWG Encoding Standard, index windows-1252). The five bytes
 * that have no character stand for themselves, so every byte comes back as it was.
 */
const WINDOWS_1252 =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** Control characters that text in an eight-bit encoding never has: with one of them, bytes are no text. */
// deno-lint-ignore no-control-regex -- control characters are what it looks for.
const NO_TEXT = /[\x00-\x06\x0e-\x19\x1c-\x1f\x7f]/;

const NAMES: Readonly<Record<Encoding, string>> = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16 LE",
  "utf-16be": "UTF-16 BE",
  "latin1": "Latin-1 (windows-1252)",
};

/**
 * Recognises how a text is stored. A byte order mark decides; then NUL bytes mean UTF-16 (where every second
 * byte says so) or no text at all; then valid UTF-8; then windows-1252.
 * @param bytes A file, or with `prefix` the beginning of one, which may end inside a character.
 * @returns undefined when the bytes are not text: images, archives, programs, PDF.
 */
export function detect(bytes: Uint8Array, prefix = false): Form | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf && isUtf8(bytes, prefix)) {
    return bytes.includes(0) ? undefined : { encoding: "utf-8", bom: true };
  }
  const order = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : undefined;
  if (order !== undefined && (prefix || bytes.length % 2 === 0)) {
    // UTF-32, which shares the mark, has NULs for the upper half of its characters.
    return decodeAs(bytes, order).includes("\0") ? undefined : { encoding: order, bom: true };
  }
  if (bytes.includes(0)) return detectUnmarkedUtf16(bytes, prefix);
  if (isPdf(bytes)) return undefined;
  if (isUtf8(bytes, prefix)) return { encoding: "utf-8", bom: false };
  return NO_TEXT.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"))
    ? undefined
    : { encoding: "latin1", bom: false };
}

/**
 * The text of a whole file.
 * @returns undefined when the bytes are not text ({@link detect}).
 */
export function decode(bytes: Uint8Array): Decoded | undefined {
  const form = detect(bytes);
  if (form === undefined) return undefined;
  const mark = form.bom ? (form.encoding === "utf-8" ? 3 : 2) : 0;
  return { text: decodeAs(bytes.subarray(mark), form.encoding), ...form };
}

/**
 * The characters of bytes in a known encoding. A byte order mark is a character like others here; invalid
 * UTF-8 becomes U+FFFD; an odd byte at the end of UTF-16 is left out.
 */
export function decodeAs(bytes: Uint8Array, encoding: Encoding): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (encoding) {
    case "utf-8":
      return buffer.toString("utf8");
    case "utf-16le":
      return buffer.toString("utf16le");
    case "utf-16be":
      return swapped(buffer).toString("utf16le");
    case "latin1":
      return buffer.toString("latin1").replace(
        /[\x80-\x9f]/g,
        (control) => WINDOWS_1252.charAt(control.charCodeAt(0) - 0x80),
      );
  }
}

/**
 * The bytes of a text.
 * @returns undefined when a character does not exist in the encoding; {@link unencodable} names it.
 */
export function encode(text: string, as: Form): Uint8Array | undefined {
  if (unencodable(text, as.encoding) !== undefined) return undefined;
  const marked = as.bom ? `\ufeff${text}` : text;
  switch (as.encoding) {
    case "utf-8":
      return Buffer.from(marked, "utf8");
    case "utf-16le":
      return Buffer.from(marked, "utf16le");
    case "utf-16be":
      return swapped(Buffer.from(marked, "utf16le"));
    case "latin1":
      return Buffer.from(
        text.replace(
          /[\u0100-\uffff]/g,
          (character) => String.fromCharCode(0x80 + WINDOWS_1252.indexOf(character)),
        ),
        "latin1",
      );
  }
}

/**
 * Where the first character stands that the encoding lacks: an index into `text`, or undefined. UTF-8 lacks
 * only halves of surrogate pairs, UTF-16 nothing.
 */
export function unencodable(text: string, encoding: Encoding): number | undefined {
  if (encoding === "utf-8") return text.isWellFormed() ? undefined : text.search(/\p{Surrogate}/u);
  if (encoding !== "latin1") return undefined;
  for (const match of text.matchAll(/[\x80-\x9f\u0100-\uffff]/g)) {
    if (!WINDOWS_1252.includes(match[0])) return match.index;
  }
  return undefined;
}

/** How the lines of a text end. A lone carriage return counts, and beside other endings makes them mixed. */
export function lineEnding(text: string): LineEnding {
  let found: LineEnding = "none";
  const ends = /\r\n|\n|\r/g;
  for (let match = ends.exec(text); match !== null; match = ends.exec(text)) {
    const ending = match[0] === "\n" ? "\n" : match[0] === "\r" ? "\r" : "\r\n";
    if (found !== "none" && found !== ending) return "mixed";
    found = ending;
  }
  return found;
}

/** An encoding for a person: `UTF-16 LE with a byte order mark`. */
export function describeForm(form: Form): string {
  return `${NAMES[form.encoding]}${form.bom ? " with a byte order mark" : ""}`;
}

/** A line ending for a person: `CRLF`. */
export function describeLineEnding(ending: LineEnding): string {
  return { "\n": "LF", "\r\n": "CRLF", "\r": "CR", mixed: "mixed", none: "none" }[ending];
}

/**
 * UTF-16 without a mark is believed only when it reads as clean text, three quarters of it ASCII: then every
 * second byte of that part is NUL, which hardly a binary file manages.
 */
function detectUnmarkedUtf16(bytes: Uint8Array, prefix: boolean): Form | undefined {
  if (!prefix && bytes.length % 2 !== 0) return undefined;
  for (const encoding of ["utf-16le", "utf-16be"] as const) {
    let text = decodeAs(bytes, encoding);
    if (prefix) text = text.replace(/[\ud800-\udbff]$/, "");
    if (NO_TEXT.test(text) || !text.isWellFormed() || /[\ufffe\uffff]/.test(text)) continue;
    let ascii = 0;
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x80) ascii++;
    if (ascii * 4 >= text.length * 3 && ascii > 0) return { encoding, bom: false };
  }
  return undefined;
}

/** A PDF is not text, even one that happens to be ASCII: its tables count bytes. */
function isPdf(bytes: Uint8Array): boolean {
  return [0x25, 0x50, 0x44, 0x46, 0x2d].every((byte, i) => bytes[i] === byte);
}

function isUtf8(bytes: Uint8Array, prefix: boolean): boolean {
  if (isWholeUtf8(bytes)) return true;
  if (!prefix) return false;
  try {
    // Streaming tolerates an unfinished character at the end, and nothing else.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** A copy with the two bytes of every unit exchanged; an odd byte at the end is left out. */
function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - bytes.length % 2)).swap16();
}
