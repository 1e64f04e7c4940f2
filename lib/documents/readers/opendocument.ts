/**
 * OpenDocument (OASIS 1.3): texts, spreadsheets and presentations, which share one vocabulary.
 * @module
 */
import { heading, link, writeTable } from "../markdown.ts";
import { readPart, readProperties } from "../package.ts";
import { SheetTable } from "../sheet.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import { type Attributes, readXml, type XmlHandler } from "../xml.ts";
import type { Zip } from "../zip.ts";

/** Reads a document. @param form `odt`, `ods` or `odp`. */
export async function readOpenDocument(zip: Zip, form: string, sink: Sink): Promise<void> {
  sink.unit = form === "ods" ? "sheet" : form === "odp" ? "slide" : "section";
  await refuseEncrypted(zip);
  if (!zip.has("content.xml")) {
    throw new Unreadable('it is damaged ("content.xml" is not inside)', "Ask the person to save it anew.");
  }
  await readProperties(zip, "meta.xml", sink);
  const listStyles = await readListStyles(zip);
  if (form !== "odt") sink.total = await countParts(zip, form);
  const reader = form === "ods" ? new SheetReader(sink) : new TextReader(sink, listStyles);
  const pieces = async function* () {
    for await (const piece of zip.pieces("content.xml")) {
      await sink.drain();
      yield piece;
    }
  };
  await readXml(pieces(), reader);
}

async function refuseEncrypted(zip: Zip): Promise<void> {
  let isEncrypted = zip.has("encrypted-package");
  await readPart(zip, "META-INF/manifest.xml", {
    open: (name) => void (isEncrypted ||= name === "encryption-data"),
  });
  if (!isEncrypted) return;
  throw new Unreadable("it is encrypted with a password", "Ask the person for a copy without one.");
}

async function countParts(zip: Zip, form: string): Promise<number> {
  let parts = 0;
  let depth = 0;
  await readPart(zip, "content.xml", {
    open(name) {
      if (form === "odp" && name === "page") parts++;
      if (form === "ods" && name === "table" && depth++ === 0) parts++;
    },
    close: (name) => void (depth -= form === "ods" && name === "table" ? 1 : 0),
  });
  return parts;
}

/** Which levels of which lists are numbered, as `style:level`. */
async function readListStyles(zip: Zip): Promise<Set<string>> {
  const numbered = new Set<string>();
  let style = "";
  for (const part of ["styles.xml", "content.xml"]) {
    await readPart(zip, part, {
      open(name, attributes) {
        if (name === "list-style") style = attributes.get("style:name") ?? "";
        else if (name === "list-level-style-number" && (attributes.get("num-format") ?? "") !== "") {
          numbered.add(`${style}:${attributes.get("text:level") ?? "1"}`);
        }
      },
    });
  }
  return numbered;
}

/** How often a repeated cell or row counts; programs fill sheets of a million rows with one element. */
function repeated(attributes: Attributes, name: string): number {
  return Math.max(1, Number(attributes.get(name) ?? 1) || 1);
}

/** Rows with contents that one element may stand for. */
const REPEATED_MAX = 10_000;

/** Takes the characters of paragraphs; shared by texts and cells. */
class Characters {
  text = "";

  /** @returns whether the element stands for characters. */
  open(name: string, attributes: Attributes): boolean {
    if (name === "s") this.text += " ".repeat(Math.min(100, repeated(attributes, "text:c")));
    else if (name === "tab") this.text += "\t";
    else if (name === "line-break") this.text += "\n";
    else return false;
    return true;
  }
}

/** What reading texts and sheets shares: elements that are passed over, and the characters of paragraphs. */
abstract class ContentReader implements XmlHandler {
  protected readonly sink: Sink;
  protected characters = new Characters();
  protected inParagraph = 0;
  readonly #skipped: ReadonlySet<string>;
  /** How deep inside of what is passed over. */
  #skipping = 0;

  constructor(sink: Sink, skipped: readonly string[]) {
    this.sink = sink;
    this.#skipped = new Set(skipped);
  }

  protected abstract begin(name: string, attributes: Attributes): void;
  protected abstract end(name: string): void;

  open(name: string, attributes: Attributes): void {
    if (this.#skipping > 0 || this.#skipped.has(name)) this.#skipping++;
    else this.begin(name, attributes);
  }

  text(text: string): void {
    if (this.#skipping === 0 && this.inParagraph > 0) this.characters.text += text;
  }

  close(name: string): void {
    if (this.#skipping > 0) this.#skipping--;
    else this.end(name);
  }
}

class SheetReader extends ContentReader {
  #table: SheetTable | undefined;
  #depth = 0;
  #row = 0;
  #rowCount = 1;
  #column = 0;
  #cellCount = 1;
  #fallback = "";
  #hasFormula = false;
  #cells: { column: number; text: string }[] = [];

  constructor(sink: Sink) {
    super(sink, ["annotation", "tracked-changes"]);
  }

  protected begin(name: string, attributes: Attributes): void {
    switch (name) {
      case "table": {
        if (this.#depth++ > 0) return;
        const sheet = attributes.get("table:name") ?? "";
        this.#row = 0;
        this.#table = this.sink.part(`Sheet "${sheet}"`, sheet)
          ? new SheetTable(this.sink, sheet)
          : undefined;
        return;
      }
      case "table-row":
        this.#rowCount = repeated(attributes, "table:number-rows-repeated");
        this.#column = 0;
        this.#cells = [];
        return;
      case "table-cell":
      case "covered-table-cell":
        this.#cellCount = repeated(attributes, "table:number-columns-repeated");
        this.#hasFormula = attributes.get("table:formula") !== undefined;
        this.#fallback = attributes.get("office:date-value") ?? attributes.get("office:time-value") ??
          attributes.get("office:value") ?? attributes.get("office:string-value") ?? "";
        this.characters = new Characters();
        return;
      case "p":
        if (this.inParagraph++ === 0 && this.characters.text !== "") this.characters.text += "\n";
        return;
      default:
        this.characters.open(name, attributes);
    }
  }

  protected end(name: string): void {
    if (name === "p") this.inParagraph--;
    else if (name === "table-cell" || name === "covered-table-cell") this.#endCell();
    else if (name === "table-row") this.#endRow();
    else if (name === "table" && --this.#depth === 0) this.#table?.end();
  }

  #endCell(): void {
    const text = this.characters.text === "" ? this.#fallback : this.characters.text;
    if (text === "" && this.#hasFormula && this.#table !== undefined) this.#table.unknownFormulas++;
    if (text !== "") {
      for (let index = 1; index <= Math.min(this.#cellCount, 1_024); index++) {
        this.#cells.push({ column: this.#column + index, text });
      }
    }
    this.#column += this.#cellCount;
  }

  #endRow(): void {
    if (this.#cells.length > 0 && this.#table !== undefined) {
      for (let index = 1; index <= Math.min(this.#rowCount, REPEATED_MAX); index++) {
        for (const { column, text } of this.#cells) this.#table.cell(this.#row + index, column, text);
      }
    }
    this.#row += this.#rowCount;
  }
}

/** What stands in a text besides what is to be read. */
const SKIPPED = ["tracked-changes", "annotation-end", "header", "footer", "note-citation"];

class TextReader extends ContentReader {
  readonly #numbered: ReadonlySet<string>;
  readonly #outer: Characters[] = [];
  #level: number | undefined;
  readonly #lists: string[] = [];
  #isItem = false;
  readonly #tables: { rows: string[][]; cell: string[] | undefined }[] = [];
  readonly #targets: { readonly target: string; readonly at: number }[] = [];
  readonly #notes: string[] = [];
  #note: string[] | undefined;
  #slides = 0;
  #inTitle = false;
  /** Whether the speaker's notes begin with the next paragraph. */
  #isNotes = false;

  constructor(sink: Sink, numbered: ReadonlySet<string>) {
    super(sink, SKIPPED);
    this.#numbered = numbered;
  }

  protected begin(name: string, attributes: Attributes): void {
    switch (name) {
      case "p":
      case "h":
        // A paragraph inside of one: a note, or a text frame.
        if (this.inParagraph++ > 0) this.#outer.push(this.characters);
        this.characters = new Characters();
        this.#level = name === "h" ? Number(attributes.get("outline-level") ?? 1) || 1 : undefined;
        break;
      case "list":
        this.#lists.push(attributes.get("style-name") ?? this.#lists.at(-1) ?? "");
        break;
      case "list-item":
        this.#isItem = true;
        break;
      case "a":
        this.#targets.push({ target: attributes.get("href") ?? "", at: this.characters.text.length });
        break;
      case "note":
        this.#note = [];
        this.characters.text += `[^${this.#notes.length + 1}]`;
        break;
      case "page":
        this.#endNotes();
        this.#isNotes = false;
        this.sink.part(`Slide ${++this.#slides}`);
        break;
      case "notes":
        this.#isNotes = true;
        break;
      case "frame":
        this.#inTitle = attributes.get("presentation:class") === "title";
        break;
      case "table":
        this.#tables.push({ rows: [], cell: undefined });
        break;
      case "table-row":
        this.#tables.at(-1)?.rows.push([]);
        break;
      case "table-cell":
      case "covered-table-cell": {
        const table = this.#tables.at(-1);
        if (table !== undefined) table.cell = [];
        break;
      }
      default:
        this.characters.open(name, attributes);
    }
  }

  protected end(name: string): void {
    switch (name) {
      case "p":
      case "h":
        this.#endParagraph();
        break;
      case "list":
        this.#lists.pop();
        if (this.#lists.length === 0) this.sink.blank();
        break;
      case "a": {
        const from = this.#targets.pop();
        if (from === undefined) break;
        const { text } = this.characters;
        this.characters.text = text.slice(0, from.at) + link(text.slice(from.at), from.target);
        break;
      }
      case "note":
        this.#notes.push((this.#note ?? []).join(" "));
        this.#note = undefined;
        break;
      case "frame":
        this.#inTitle = false;
        break;
      case "table-cell":
      case "covered-table-cell": {
        const table = this.#tables.at(-1);
        table?.rows.at(-1)?.push(table.cell?.join("\n") ?? "");
        if (table !== undefined) table.cell = undefined;
        break;
      }
      case "table":
        this.#endTable();
        break;
      case "body":
        this.#endNotes();
        break;
    }
  }

  #endTable(): void {
    const rows = this.#tables.pop()?.rows ?? [];
    const outer = this.#tables.at(-1)?.cell;
    if (outer !== undefined) outer.push(...rows.map((row) => row.join(" · ")));
    else writeTable(this.sink, rows);
  }

  #endParagraph(): void {
    const text = this.characters.text;
    this.inParagraph--;
    this.characters = this.#outer.pop() ?? new Characters();
    const level = this.#level;
    this.#level = undefined;
    if (text.trim() === "") return;
    if (this.#isNotes) this.#writeText("**Notes:**");
    this.#isNotes = false;
    const cell = this.#tables.at(-1)?.cell;
    if (this.#note !== undefined) this.#note.push(text.trim());
    else if (cell !== undefined) cell.push(text);
    else if (level !== undefined || this.#inTitle) this.#writeHeading(level ?? 1, text);
    else if (this.#lists.length > 0) this.#writeItem(text.trim());
    else this.#writeText(text);
  }

  #writeText(text: string): void {
    this.sink.blank();
    this.sink.text(text);
    this.sink.blank();
  }

  #writeHeading(level: number, text: string): void {
    this.sink.blank();
    this.sink.line(heading(level + (this.#slides > 0 ? 2 : 0), text));
    this.sink.blank();
  }

  #writeItem(text: string): void {
    const depth = this.#lists.length;
    const mark = this.#numbered.has(`${this.#lists.at(-1)}:${depth}`) ? "1." : "-";
    const indent = "  ".repeat(Math.min(8, depth - 1));
    // The second paragraph of an item has no mark of its own.
    const front = this.#isItem ? `${indent}${mark} ` : `${indent}  `;
    this.sink.line(front + text.replaceAll("\n", `\n${indent}  `));
    this.#isItem = false;
  }

  #endNotes(): void {
    if (this.#notes.length === 0) return;
    this.sink.blank();
    this.#notes.forEach((note, index) => this.sink.line(`[^${index + 1}]: ${note}`));
    this.#notes.length = 0;
  }
}
