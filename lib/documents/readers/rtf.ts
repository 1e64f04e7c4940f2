/**
 * Rich Text Format (Microsoft, version 1.9.1): its text, with paragraphs, tables, links and page breaks.
 * @module
 */
import { Buffer } from "node:buffer";
import { heading, link, tableRow, tableRule } from "../markdown.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import { CHARSETS, decoderOf } from "./rtf-encodings.ts";

/** Groups in each other: programs write some tens. */
const DEPTH_MAX = 10_000;
/** Characters after which a paragraph ends wherever it is. */
const PARAGRAPH_CHARS_MAX = 100_000;

/** Groups that hold no text of the document, as do all that begin with `\*` and are not known. */
const SKIPPED: ReadonlySet<string> = new Set(
  ("fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr " +
    "footerf themedata datastore latentstyles listtable listoverridetable rsidtbl generator xmlnstbl " +
    "filetbl revtbl fldinst nonshppict shprslt pn mmathPr bkmkstart bkmkend atnid atnauthor").split(" "),
);

const CHARACTERS: Readonly<Record<string, string>> = {
  tab: "\t",
  line: "\n",
  lbr: "\n",
  emdash: "—",
  endash: "–",
  emspace: " ",
  enspace: " ",
  qmspace: " ",
  bullet: "•",
  lquote: "‘",
  rquote: "’",
  ldblquote: "“",
  rdblquote: "”",
  "~": "\u00a0",
  "_": "-",
};

interface Group {
  readonly skipped: boolean;
  /** Bytes of the fallback behind each `\u`. */
  readonly unicodeSkip: number;
  readonly codePage: number;
}

/** Reads a document. */
export async function readRtf(bytes: Uint8Array, sink: Sink): Promise<void> {
  sink.unit = "page";
  // The format is ASCII; other bytes are escaped, or belong to the code page.
  const reader = new RtfReader(Buffer.from(bytes).toString("latin1"), sink);
  await reader.read();
}

class RtfReader {
  readonly #rtf: string;
  readonly #sink: Sink;
  readonly #groups: Group[] = [];
  #group: Group = { skipped: false, unicodeSkip: 1, codePage: 1252 };
  /** Bytes of the code page that wait to be decoded: some pages need two for a character. */
  #encoded: number[] = [];
  #text = "";
  #cells: string[] | undefined;
  #inTable = false;
  #fallbackLeft = 0;
  #isStar = false;
  #page = 1;
  readonly #fonts = new Map<number, number>();
  /** Headings by the number of their style. */
  readonly #headings = new Map<number, number>();
  #heading: number | undefined;
  #level = 0;
  #wasItem = false;
  /** How deep the groups are around the note that is being read. */
  #note: number | undefined;
  #target: { readonly depth: number; readonly at: number; readonly address: string } | undefined;

  constructor(rtf: string, sink: Sink) {
    this.#rtf = rtf;
    this.#sink = sink;
  }

  async read(): Promise<void> {
    const rtf = this.#rtf;
    const pages = rtf.match(/\\page(?![a-z])/g)?.length ?? 0;
    if (pages > 0) {
      this.#sink.total = pages + 1;
      this.#sink.part("Page 1");
    }
    let steps = 0;
    for (let at = 0; at < rtf.length;) {
      if (++steps % 8_192 === 0) await this.#sink.drain();
      at = this.#step(at);
    }
    this.#endParagraph();
    this.#endRow();
    this.#sink.blank();
  }

  #step(at: number): number {
    const rtf = this.#rtf;
    switch (rtf[at]) {
      case "{":
        this.#open();
        return at + 1;
      case "}":
        this.#close();
        return at + 1;
      case "\\":
        return this.#control(at + 1);
      case "\r":
      case "\n":
        return at + 1;
    }
    const end = endOfText(rtf, at);
    this.#characters(rtf.slice(at, end));
    return end;
  }

  #open(): void {
    this.#flush();
    if (this.#groups.length >= DEPTH_MAX) {
      throw new Unreadable(
        `it has more than ${DEPTH_MAX} groups in each other, which no program writes`,
        "Do not trust it; ask the person where it comes from.",
      );
    }
    this.#groups.push(this.#group);
    this.#fallbackLeft = 0;
    this.#isStar = false;
  }

  #close(): void {
    this.#flush();
    if (this.#note === this.#groups.length) {
      this.#text = `${this.#text.trimEnd()}]`;
      this.#note = undefined;
    }
    const target = this.#target;
    if (target !== undefined && this.#groups.length === target.depth) {
      this.#text = this.#text.slice(0, target.at) + link(this.#text.slice(target.at), target.address);
      this.#target = undefined;
    }
    this.#group = this.#groups.pop() ?? this.#group;
    this.#fallbackLeft = 0;
  }

  #control(at: number): number {
    const rtf = this.#rtf;
    const code = rtf[at] ?? "";
    if (code === "'") {
      const byte = parseInt(rtf.slice(at + 1, at + 3), 16);
      if (!Number.isNaN(byte)) this.#byte(byte);
      return at + 3;
    }
    const word = /[A-Za-z]{1,32}/y;
    word.lastIndex = at;
    const name = word.exec(rtf)?.[0];
    if (name === undefined) {
      if (code === "*") this.#isStar = true;
      else if (code === "\\" || code === "{" || code === "}") this.#characters(code);
      else if (code === "\n" || code === "\r") this.#word("par", undefined);
      else if (CHARACTERS[code] !== undefined) this.#characters(CHARACTERS[code]);
      return at + 1;
    }
    const number = /-?\d{1,10}/y;
    number.lastIndex = at + name.length;
    const digits = number.exec(rtf)?.[0];
    let end = at + name.length + (digits?.length ?? 0);
    if (rtf[end] === " ") end++;
    const value = digits === undefined ? undefined : Number(digits);
    if (name === "bin") return end + Math.max(0, value ?? 0);
    if (name === "fldinst") this.#field(end);
    this.#word(name, value);
    return end;
  }

  /** The instruction of a field; a hyperlink ends with the group around this one. */
  #field(at: number): void {
    const address = /^[^{}]{0,20}\{?[^{}]{0,200}?HYPERLINK\s+"([^"{}]{1,2000})"/.exec(
      this.#rtf.slice(at, at + 2_300),
    )
      ?.[1];
    if (address === undefined || this.#group.skipped) return;
    this.#flush();
    this.#target = { depth: this.#groups.length - 1, at: this.#text.length, address };
  }

  #word(name: string, value: number | undefined): void {
    const isStar = this.#isStar;
    this.#isStar = false;
    if (name === "footnote" && !this.#group.skipped) {
      this.#flush();
      this.#note ??= this.#groups.length;
      this.#text += " [note: ";
      return;
    }
    if (SKIPPED.has(name) || (isStar && !/^(shppict|shpinst|ud|shptxt)$/.test(name))) {
      if (name === "fonttbl") this.#readFonts();
      else if (name === "stylesheet") this.#readHeadings();
      this.#flush();
      this.#group = { ...this.#group, skipped: true };
      return;
    }
    switch (name) {
      case "u":
        this.#flush();
        this.#unicode(value ?? 0);
        return;
      case "uc":
        this.#group = { ...this.#group, unicodeSkip: Math.min(16, Math.max(0, value ?? 1)) };
        return;
      case "ansicpg":
        this.#group = { ...this.#group, codePage: value ?? 1252 };
        return;
      case "f": {
        const codePage = this.#fonts.get(value ?? 0);
        this.#flush();
        if (codePage !== undefined) this.#group = { ...this.#group, codePage };
        return;
      }
    }
    if (this.#group.skipped) return;
    this.#flush();
    this.#layout(name, value);
  }

  #layout(name: string, value: number | undefined): void {
    switch (name) {
      case "par":
      case "sect":
        this.#endParagraph();
        break;
      case "page":
        this.#endParagraph();
        this.#endRow();
        if (this.#sink.total !== undefined) this.#sink.part(`Page ${++this.#page}`);
        break;
      case "trowd":
        this.#cells ??= [];
        break;
      case "cell":
      case "nestcell":
        (this.#cells ??= []).push(this.#text.trim());
        this.#text = "";
        break;
      case "row":
      case "nestrow":
        this.#writeRow();
        break;
      case "pard":
        if (this.#note !== undefined) break;
        this.#target = undefined;
        this.#heading = undefined;
        this.#level = 0;
        break;
      case "s":
        this.#heading = this.#headings.get(value ?? 0);
        break;
      case "outlinelevel":
        this.#heading = value !== undefined && value < 9 ? value + 1 : undefined;
        break;
      case "ilvl":
        this.#level = Math.min(8, Math.max(0, value ?? 0));
        break;
      default: {
        const character = CHARACTERS[name];
        if (character !== undefined && value === undefined) this.#text += character;
      }
    }
  }

  /** `\fcharset` of each font: names of code pages for `\'xx`. */
  #readFonts(): void {
    const head = this.#rtf.slice(0, 65_536);
    for (const [, font, charset] of head.matchAll(/\\f(\d{1,5})[^{}]{0,200}?\\fcharset(\d{1,3})/g)) {
      const codePage = CHARSETS.get(Number(charset));
      if (codePage !== undefined) this.#fonts.set(Number(font), codePage);
    }
  }

  /** The styles that are called headings, whatever their numbers. */
  #readHeadings(): void {
    for (const match of this.#rtf.slice(0, 1_000_000).matchAll(/heading ([1-9]);/gi)) {
      const before = this.#rtf.slice(Math.max(0, match.index - 800), match.index);
      const style = /^\{\\s(\d{1,5})/.exec(before.slice(before.lastIndexOf("{\\s")))?.[1];
      if (style !== undefined) this.#headings.set(Number(style), Number(match[1]));
    }
  }

  #unicode(value: number): void {
    if (this.#group.skipped) return;
    this.#text += String.fromCharCode(value < 0 ? value + 65_536 : value);
    this.#fallbackLeft = this.#group.unicodeSkip;
  }

  #byte(byte: number): void {
    if (this.#fallbackLeft > 0) this.#fallbackLeft--;
    else if (!this.#group.skipped) this.#encoded.push(byte);
  }

  #characters(text: string): void {
    const rest = text.slice(this.#fallbackLeft);
    this.#fallbackLeft = Math.max(0, this.#fallbackLeft - text.length);
    if (this.#group.skipped || rest === "") return;
    this.#flush();
    this.#text += rest;
    if (this.#text.length > PARAGRAPH_CHARS_MAX) this.#endParagraph();
  }

  #flush(): void {
    if (this.#encoded.length === 0) return;
    this.#text += decoderOf(this.#group.codePage).decode(Uint8Array.from(this.#encoded));
    this.#encoded = [];
  }

  #endParagraph(): void {
    this.#flush();
    if (this.#note !== undefined) {
      this.#text += " ";
      return;
    }
    this.#target = undefined;
    const text = this.#text.trim();
    if (this.#cells !== undefined && this.#cells.length > 0) {
      // A paragraph inside of a row goes on in its cell.
      this.#text = text === "" ? "" : `${text}\n`;
      return;
    }
    if (this.#cells !== undefined && text !== "") {
      this.#text = `${text}\n`;
      return;
    }
    this.#text = "";
    this.#endRow();
    if (text !== "") this.#writeParagraph(text);
  }

  #writeParagraph(text: string): void {
    // The mark of an item stands in front of it as text.
    const item = /^(?:[•·▪◦\-–]|(\d{1,4}[.)])|[a-z][.)])\t\s*(.*)$/s.exec(text);
    if (item === null || !this.#wasItem) this.#sink.blank();
    this.#wasItem = item !== null;
    if (item !== null) {
      const indent = "  ".repeat(this.#level);
      this.#sink.line(`${indent}${item[1] ?? "-"} ${(item[2] ?? "").replaceAll("\n", `\n${indent}  `)}`);
      return;
    }
    if (this.#heading === undefined) this.#sink.text(text);
    else this.#sink.line(heading(this.#heading + (this.#sink.total === undefined ? 0 : 2), text));
    this.#sink.blank();
  }

  #writeRow(): void {
    const cells = this.#cells ?? [];
    this.#cells = undefined;
    if (cells.length === 0) return;
    if (!this.#inTable) this.#sink.blank();
    this.#sink.line(tableRow(cells));
    if (!this.#inTable) this.#sink.line(tableRule(cells.length));
    this.#inTable = true;
  }

  #endRow(): void {
    if (this.#inTable) this.#sink.blank();
    this.#inTable = false;
  }
}

function endOfText(rtf: string, from: number): number {
  for (let at = from; at < rtf.length; at++) {
    const code = rtf.charCodeAt(at);
    if (code === 0x7b || code === 0x7d || code === 0x5c || code === 0x0d || code === 0x0a) return at;
  }
  return rtf.length;
}
