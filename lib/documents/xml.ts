/**
 * A small reader of XML (XML 1.0, fifth edition) for the files inside office documents: it tells of tags and
 * text as they pass by and remembers nothing.
 *
 * It knows no document types: a DOCTYPE is skipped, entities it would define stay as they are written, and
 * nothing external is ever fetched. So there is nothing to expand. A reader of our own, because a sheet of
 * 100,000 rows takes the well-known ones five seconds, and this one half of one.
 * @module
 */
import { XML_DEPTH_MAX, XML_TAG_CHARS_MAX } from "../limits.ts";
import { Unreadable } from "./unreadable.ts";

/** What is told about a document. Names come without their prefix: `w:p` is `p`. */
export interface XmlHandler {
  open(name: string, attributes: Attributes): void;
  close(name: string): void;
  /** A piece of text, entities resolved; a long one comes in several pieces. */
  text(text: string): void;
}

/** The attributes of one tag, taken apart when the first of them is asked for. */
export class Attributes {
  readonly #raw: string;
  /** Names and raw values in turn. */
  #parsed: string[] | undefined;

  constructor(raw: string) {
    this.#raw = raw;
  }

  /** The value of an attribute. Without a prefix, `id` finds `r:id` too; with one only that. */
  get(name: string): string | undefined {
    const parsed = this.#parsed ??= parseAttributes(this.#raw);
    for (let at = 0; at < parsed.length; at += 2) {
      const full = parsed[at] ?? "";
      if (full !== name && !(full.endsWith(name) && full[full.length - name.length - 1] === ":")) continue;
      return unescape(parsed[at + 1] ?? "");
    }
    return undefined;
  }
}

function parseAttributes(raw: string): string[] {
  const parsed: string[] = [];
  for (let at = 0;;) {
    while (raw.charCodeAt(at) <= SPACE) at++;
    const equals = raw.indexOf("=", at);
    if (equals === -1) return parsed;
    let open = equals + 1;
    while (raw.charCodeAt(open) <= SPACE) open++;
    const quote = raw.charCodeAt(open);
    if (quote !== 0x22 && quote !== 0x27) return parsed;
    const close = raw.indexOf(quote === 0x22 ? '"' : "'", open + 1);
    if (close === -1) return parsed;
    let end = equals;
    while (end > at && raw.charCodeAt(end - 1) <= SPACE) end--;
    parsed.push(raw.slice(at, end), raw.slice(open + 1, close));
    at = close + 1;
  }
}

const SPACE = 0x20;
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Resolves the five entities of XML and character references; others stay as they are. */
function unescape(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|(lt|gt|amp|quot|apos));/g,
    (all, dec, hex, named) => {
      if (named !== undefined) return NAMED[named] ?? all;
      const code = dec === undefined ? parseInt(hex, 16) : Number(dec);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}

const LESS = 0x3c;
const SLASH = 0x2f;

/** Reads XML that comes in pieces. */
class Scanner {
  readonly #handler: XmlHandler;
  #rest = "";
  #depth = 0;

  constructor(handler: XmlHandler) {
    this.#handler = handler;
  }

  /** Takes the next piece. @throws {Unreadable} for nesting and tags beyond all measure. */
  write(piece: string): void {
    const xml = this.#rest === "" ? piece : this.#rest + piece;
    let at = 0;
    while (at < xml.length) {
      if (xml.charCodeAt(at) !== LESS) {
        at = this.#text(xml, at);
        if (at === -1) return;
        continue;
      }
      const next = this.#markup(xml, at);
      if (next === -1) {
        this.#keep(xml.slice(at));
        return;
      }
      at = next;
    }
    this.#rest = "";
  }

  /** Passes text on. @returns where it ends, or -1 when the rest was kept. */
  #text(xml: string, at: number): number {
    const next = xml.indexOf("<", at);
    if (next !== -1) {
      this.#handler.text(unescape(xml.slice(at, next)));
      return next;
    }
    // An entity may go on in the next piece.
    const amp = xml.lastIndexOf("&");
    const end = amp >= at && xml.length - amp < 12 ? amp : xml.length;
    if (end > at) this.#handler.text(unescape(xml.slice(at, end)));
    this.#rest = xml.slice(end);
    return -1;
  }

  /** Reads a tag or the like. @returns where it ends, or -1 when it is incomplete. */
  #markup(xml: string, at: number): number {
    const code = xml.charCodeAt(at + 1);
    if (Number.isNaN(code)) return -1;
    if (code === SLASH) {
      const end = xml.indexOf(">", at);
      if (end === -1) return -1;
      this.#depth--;
      this.#handler.close(localName(xml.slice(at + 2, end).trimEnd()));
      return end + 1;
    }
    if (code === 0x3f) return after(xml, "?>", at + 2);
    if (code === 0x21) return this.#declaration(xml, at);
    const end = endOfTag(xml, at + 1);
    if (end === -1) return -1;
    const isEmpty = xml.charCodeAt(end - 1) === SLASH;
    const inner = xml.slice(at + 1, isEmpty ? end - 1 : end);
    const space = inner.search(/\s/);
    const name = localName(space === -1 ? inner : inner.slice(0, space));
    this.#handler.open(name, new Attributes(space === -1 ? "" : inner.slice(space)));
    if (isEmpty) this.#handler.close(name);
    else if (++this.#depth > XML_DEPTH_MAX) {
      throw new Unreadable(
        `it has more than ${XML_DEPTH_MAX} elements in each other, which no program writes`,
        "Do not trust it; ask the person where it comes from.",
      );
    }
    return end + 1;
  }

  #declaration(xml: string, at: number): number {
    if (xml.startsWith("<!--", at)) return after(xml, "-->", at + 4);
    if (xml.startsWith("<![CDATA[", at)) {
      const end = xml.indexOf("]]>", at);
      if (end === -1) return -1;
      this.#handler.text(xml.slice(at + 9, end));
      return end + 3;
    }
    if (xml.length - at < 9) return -1;
    return endOfDoctype(xml, at);
  }

  #keep(rest: string): void {
    if (rest.length > XML_TAG_CHARS_MAX) {
      throw new Unreadable(
        "it is damaged (a tag without an end)",
        "Ask the person for another copy of it.",
      );
    }
    this.#rest = rest;
  }
}

function after(xml: string, mark: string, from: number): number {
  const at = xml.indexOf(mark, from);
  return at === -1 ? -1 : at + mark.length;
}

/** Where the tag ends that begins at `at`; a `>` inside a value does not count. */
function endOfTag(xml: string, at: number): number {
  let quote = 0;
  for (let index = at; index < xml.length; index++) {
    const code = xml.charCodeAt(index);
    if (quote === 0) {
      if (code === 0x3e) return index;
      if (code === 0x22 || code === 0x27) quote = code;
    } else if (code === quote) quote = 0;
  }
  return -1;
}

/** Where a DOCTYPE ends, with all it declares in brackets; -1 when that is not there yet. */
function endOfDoctype(xml: string, at: number): number {
  let quote = "";
  let depth = 0;
  for (let index = at + 2; index < xml.length; index++) {
    const character = xml[index] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (xml.startsWith("<!--", index)) {
      const end = xml.indexOf("-->", index);
      if (end === -1) return -1;
      index = end + 2;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "[") depth++;
    else if (character === "]") depth--;
    else if (character === ">" && depth <= 0) return index + 1;
  }
  return -1;
}

function localName(name: string): string {
  const colon = name.indexOf(":");
  return colon === -1 ? name : name.slice(colon + 1);
}

/** Reads XML that comes in bytes: UTF-8, or what a byte order mark says. */
export async function readXml(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  handler: XmlHandler,
): Promise<void> {
  const scanner = new Scanner(handler);
  let decoder: TextDecoder | undefined;
  for await (const piece of pieces) {
    decoder ??= new TextDecoder(encodingOf(piece));
    scanner.write(decoder.decode(piece, { stream: true }));
  }
}

function encodingOf([a, b]: Uint8Array): string {
  if (a === 0xff && b === 0xfe) return "utf-16le";
  return a === 0xfe && b === 0xff ? "utf-16be" : "utf-8";
}
