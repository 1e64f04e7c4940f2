/**
 * Word documents (ECMA-376 part 1, WordprocessingML): headings, lists, tables, links and notes. Pages begin
 * where Word last saw them begin, because the file itself knows of none.
 * @module
 */
import { heading, link, marked, writeTable } from "../markdown.ts";
import { isOn, mainPart, readPart, readProperties, type Relationship, relationships } from "../package.ts";
import type { Sink } from "../sink.ts";
import type { Attributes, XmlHandler } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { type Lists, readLists, readStyles, type Styles } from "./word-styles.ts";

/** Reads a document. */
export async function readWord(zip: Zip, sink: Sink): Promise<void> {
  sink.unit = "page";
  const main = await mainPart(zip, "word/document.xml");
  await readProperties(zip, "docProps/core.xml", sink);
  const links = await relationships(zip, main);
  const partOf = (type: string) => [...links.values()].find((link) => link.type === type)?.target ?? "";
  const styles = await readStyles(zip, partOf("styles"));
  const lists = await readLists(zip, partOf("numbering"));
  const pages = await countPages(zip, main);
  const body = new WordReader(sink, styles, lists, links);
  if (pages > 0) {
    sink.total = pages + 1;
    sink.part("Page 1");
  }
  await readPart(zip, main, body);
  body.end();
  await drainNotes(zip, partOf("footnotes"), "footnote", "^", sink, styles, lists);
  await drainNotes(zip, partOf("endnotes"), "endnote", "^e", sink, styles, lists);
  await drainNotes(zip, partOf("comments"), "comment", "^c", sink, styles, lists);
}

/** The places where a new page began when Word saved it, or where the writer wanted one. */
async function countPages(zip: Zip, main: string): Promise<number> {
  let pages = 0;
  await readPart(zip, main, {
    open: (name, attributes) => void (pages += isPageBreak(name, attributes) ? 1 : 0),
  });
  return pages;
}

function isPageBreak(name: string, attributes: Attributes): boolean {
  return name === "lastRenderedPageBreak" || (name === "br" && attributes.get("type") === "page");
}

/** Notes and comments, each as `[^3]: text`. */
async function drainNotes(
  zip: Zip,
  part: string,
  element: string,
  mark: string,
  sink: Sink,
  styles: Styles,
  lists: Lists,
): Promise<void> {
  if (part === "") return;
  const links = await relationships(zip, part);
  let id = "";
  let texts: string[] = [];
  const reader = new WordReader(sink, styles, lists, links, (text) => void texts.push(text));
  await readPart(zip, part, {
    open(name, attributes) {
      if (name === element) {
        // Word keeps separator lines among the notes.
        id = /separator/i.test(attributes.get("type") ?? "") ? "" : attributes.get("w:id") ?? "";
        const author = attributes.get("author");
        texts = author === undefined || author === "" ? [] : [`${author}:`];
      } else reader.open(name, attributes);
    },
    text: (text) => reader.text(text),
    close(name) {
      if (name !== element) return reader.close(name);
      const text = texts.join(" ").trim();
      if (id !== "" && text !== "") sink.line(`[${mark}${id}]: ${text}`);
    },
  });
  sink.blank();
}

interface Cell {
  readonly paragraphs: string[];
  readonly span: number;
}

interface Table {
  readonly rows: string[][];
  cell: Cell | undefined;
  /** Columns a merged cell takes. */
  span: number;
}

interface Run {
  bold: boolean;
  italic: boolean;
  hidden: boolean;
}

/** What stands in the file besides what is to be read. */
const SKIPPED: ReadonlySet<string> = new Set(["Fallback", "moveFrom", "del", "instrText", "delText"]);

/** Takes the body of a document as it passes by. */
class WordReader implements XmlHandler {
  readonly #sink: Sink;
  readonly #styles: Styles;
  readonly #lists: Lists;
  readonly #links: ReadonlyMap<string, Relationship>;
  /** Takes finished paragraphs; undefined: they are written. */
  readonly #take: ((text: string) => void) | undefined;
  /** How deep inside what is skipped. */
  #skipping = 0;
  readonly #tables: Table[] = [];
  /** The pieces of the paragraph, bold and italic ones marked already. */
  #pieces: string[] = [];
  #piece = "";
  #pieceMark = "";
  #style = "";
  #list: { id: string; level: number } | undefined;
  #outline: number | undefined;
  #run: Run = { bold: false, italic: false, hidden: false };
  #inRun = false;
  #inText = false;
  #target: string | undefined;
  #linkAt = 0;
  #page = 1;
  #pagesBefore = 0;
  #pagesAfter = 0;
  #wasList = false;

  constructor(
    sink: Sink,
    styles: Styles,
    lists: Lists,
    links: ReadonlyMap<string, Relationship>,
    take?: (text: string) => void,
  ) {
    this.#sink = sink;
    this.#styles = styles;
    this.#lists = lists;
    this.#links = links;
    this.#take = take;
  }

  open(name: string, attributes: Attributes): void {
    if (this.#skipping > 0 || SKIPPED.has(name)) {
      this.#skipping++;
      return;
    }
    if (isPageBreak(name, attributes)) {
      if (this.#isEmpty() && this.#tables.length === 0) this.#pagesBefore++;
      else this.#pagesAfter++;
      return;
    }
    if (this.#inRun && this.#openInRun(name, attributes)) return;
    switch (name) {
      case "p":
        if (this.#pieces.length > 0 || this.#piece !== "") this.#paragraph(); // A text box inside of one.
        break;
      case "pStyle":
        this.#style = attributes.get("val") ?? "";
        break;
      case "numId":
        this.#list = { id: attributes.get("val") ?? "", level: this.#list?.level ?? 0 };
        break;
      case "ilvl":
        this.#list = { id: this.#list?.id ?? "", level: Number(attributes.get("val") ?? 0) };
        break;
      case "outlineLvl":
        this.#outline = Number(attributes.get("val"));
        break;
      case "r":
        this.#inRun = true;
        this.#run = { bold: false, italic: false, hidden: false };
        break;
      case "hyperlink":
        this.#endPiece();
        this.#target = this.#links.get(attributes.get("r:id") ?? "")?.target;
        this.#linkAt = this.#pieces.length;
        break;
      case "t": // In a formula.
        this.#inText = true;
        break;
      default:
        this.#openTable(name, attributes);
    }
  }

  text(text: string): void {
    if (this.#skipping === 0 && this.#inText && !this.#run.hidden) this.#add(text);
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping--;
      return;
    }
    if (name === "t") this.#inText = false;
    else if (name === "r") this.#inRun = false;
    else if (name === "p") this.#paragraph();
    else if (name === "hyperlink") this.#endLink();
    else if (name === "tc" || name === "tr" || name === "tbl") this.#closeTable(name);
  }

  /** Writes what is left. */
  end(): void {
    if (!this.#isEmpty()) this.#paragraph();
    this.#sink.blank();
  }

  #openInRun(name: string, attributes: Attributes): boolean {
    switch (name) {
      case "t":
        this.#inText = true;
        return true;
      case "b":
        this.#run.bold = isOn(attributes);
        return true;
      case "i":
        this.#run.italic = isOn(attributes);
        return true;
      case "vanish":
        this.#run.hidden = isOn(attributes);
        return true;
      case "tab":
        this.#add("\t");
        return true;
      case "br":
      case "cr":
        this.#add("\n");
        return true;
      case "noBreakHyphen":
        this.#add("-");
        return true;
      case "docPr": {
        const what = attributes.get("descr") || attributes.get("title");
        this.#add(what === undefined || what === "" ? "[image]" : `[image: ${what}]`);
        return true;
      }
    }
    const note = /^(foot|end|comment)(note)?Reference$/.exec(name)?.[1];
    if (note === undefined) return false;
    const id = attributes.get("w:id") ?? "";
    this.#endPiece();
    this.#pieces.push(`[^${note === "foot" ? "" : note === "end" ? "e" : "c"}${id}]`);
    return true;
  }

  #openTable(name: string, attributes: Attributes): void {
    const table = this.#tables.at(-1);
    if (name === "tbl") {
      if (!this.#isEmpty()) this.#paragraph();
      this.#tables.push({ rows: [], cell: undefined, span: 1 });
    } else if (name === "tr") table?.rows.push([]);
    else if (name === "tc" && table !== undefined) {
      table.cell = { paragraphs: [], span: 1 };
      table.span = 1;
    } else if (name === "gridSpan" && table !== undefined) {
      table.span = Math.min(64, Math.max(1, Number(attributes.get("val")) || 1));
    }
  }

  #closeTable(name: string): void {
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    if (name === "tc") {
      const cells = [table.cell?.paragraphs.join("\n") ?? "", ...Array(table.span - 1).fill("")];
      table.rows.at(-1)?.push(...cells);
      table.cell = undefined;
    } else if (name === "tbl") {
      this.#tables.pop();
      const outer = this.#tables.at(-1)?.cell;
      // A table inside of a cell becomes lines of that cell.
      if (outer !== undefined) outer.paragraphs.push(...table.rows.map((row) => row.join(" · ")));
      else if (this.#take !== undefined) this.#take(table.rows.map((row) => row.join(" · ")).join("; "));
      else {
        writeTable(this.#sink, table.rows);
        this.#turnPages();
      }
    }
  }

  #isEmpty(): boolean {
    return this.#piece === "" && this.#pieces.length === 0;
  }

  #add(text: string): void {
    const { bold, italic } = this.#run;
    const mark = this.#inRun ? (bold && italic ? "***" : bold ? "**" : italic ? "*" : "") : "";
    if (mark !== this.#pieceMark) this.#endPiece();
    this.#pieceMark = mark;
    this.#piece += text;
  }

  #endPiece(): void {
    if (this.#piece !== "") {
      this.#pieces.push(this.#pieceMark === "" ? this.#piece : marked(this.#piece, this.#pieceMark));
    }
    this.#piece = "";
    this.#pieceMark = "";
  }

  #endLink(): void {
    this.#endPiece();
    const text = this.#pieces.splice(this.#linkAt).join("");
    this.#pieces.push(this.#target === undefined ? text : link(text, this.#target));
    this.#target = undefined;
  }

  #paragraph(): void {
    this.#endPiece();
    const text = this.#pieces.join("");
    this.#pieces = [];
    const style = this.#style;
    const list = this.#list;
    const outline = this.#outline;
    this.#style = "";
    this.#list = undefined;
    this.#outline = undefined;
    const cell = this.#tables.at(-1)?.cell;
    if (cell !== undefined) {
      if (text.trim() !== "") cell.paragraphs.push(text);
      return;
    }
    if (this.#take !== undefined) {
      if (text.trim() !== "") this.#take(text.trim().replace(/\s*\n\s*/g, " "));
      return;
    }
    this.#write(text, style, list, outline);
    this.#turnPages();
  }

  #write(text: string, style: string, list: { id: string; level: number } | undefined, outline?: number) {
    this.#turnPagesBefore();
    if (text.trim() === "") return;
    const sink = this.#sink;
    const level = outline !== undefined && outline < 9 ? outline : this.#styles.get(style)?.level;
    const ownList = list?.id === "0" ? undefined : list ?? this.#styles.get(style)?.list;
    if (level !== undefined) {
      sink.blank();
      // Pages have headings of level 2.
      sink.line(heading(level + (this.#sink.total === undefined ? 1 : 3), text.replaceAll("**", "")));
      sink.blank();
      this.#wasList = false;
      return;
    }
    const mark = ownList === undefined ? undefined : this.#lists.get(`${ownList.id}:${ownList.level}`);
    if (ownList !== undefined && mark !== "none") {
      if (!this.#wasList) sink.blank();
      const indent = "  ".repeat(Math.min(8, ownList.level));
      sink.line(`${indent}${mark ?? "-"} ${text.trim().replace(/\n/g, `\n${indent}  `)}`);
      this.#wasList = true;
      return;
    }
    this.#wasList = false;
    sink.blank();
    sink.text(text);
    sink.blank();
  }

  #turnPagesBefore(): void {
    for (; this.#pagesBefore > 0; this.#pagesBefore--) this.#sink.part(`Page ${++this.#page}`);
  }

  #turnPages(): void {
    // A page that begins inside of a paragraph or a table is named after it.
    for (; this.#pagesAfter > 0; this.#pagesAfter--) this.#sink.part(`Page ${++this.#page}`);
  }
}
