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

/** The attributes of one tag, looked up only when asked for. */
export class Attributes {
  readonly #raw: string;

  constructor(raw: string) {
    this.#raw = raw;
  }

  /** The value of an attribute by its name, with or without a prefix: `id` finds `r:id` too, `r:id` only that. */
  get(name: string): string | undefined {
    const raw = this.#raw;
    for (let at = raw.indexOf(name); at !== -1; at = raw.indexOf(name, at + 1)) {
      const before = raw.charCodeAt(at - 1);
      // White space or a colon, or it is the end of another name.
      if (at === 0 || !(before <= 0x20 || before === 0x3a)) continue;
      let after = at + name.length;
      while (raw.charCodeAt(after) <= 0x20) after++;
      if (raw.charCodeAt(after) !== 0x3d) continue;
      after++;
      while (raw.charCodeAt(after) <= 0x20) after++;
      const quote = raw[after];
      if (quote !== '"' && quote !== "'") continue;
      const end = raw.indexOf(quote, after + 1);
      if (end === -1) return undefined;
      // A value may contain what looks like an attribute: an even number of quotes stands before a real one.
      if (isInsideValue(raw, at)) continue;
      return unescape(raw.slice(after + 1, end));
    }
    return undefined;
  }
}

function isInsideValue(raw: string, at: number): boolean {
  let quote = 0;
  for (let index = 0; index < at; index++) {
    const code = raw.charCodeAt(index);
    if (quote === 0) {
      if (code === 0x22 || code === 0x27) quote = code;
    } else if (code === quote) quote = 0;
  }
  return quote !== 0;
}

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
    // A DOCTYPE, with an internal subset in brackets or without.
    const bracket = xml.indexOf("[", at);
    const end = xml.indexOf(">", at);
    if (end === -1 || bracket === -1 || bracket > end) return end === -1 ? -1 : end + 1;
    const close = /\]\s*>/g;
    close.lastIndex = bracket;
    return close.test(xml) ? close.lastIndex : -1;
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
  let end = xml.indexOf(">", at);
  // Hardly ever does a value contain the character.
  while (end !== -1 && isInsideValue(xml.slice(at, end), end - at)) end = xml.indexOf(">", end + 1);
  return end;
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
