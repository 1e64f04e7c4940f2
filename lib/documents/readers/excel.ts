/**
 * Excel workbooks (ECMA-376 part 1, SpreadsheetML): sheets as tables with the addresses of their cells, and
 * the values that Excel stored for formulas.
 * @module
 */
import { count } from "../../format.ts";
import { UNPACKED_PART_BYTES_MAX } from "../../limits.ts";
import { mainPart, readPart, readProperties, relationships } from "../package.ts";
import { columnNumber } from "../selection.ts";
import { SheetTable } from "../sheet.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import { type Attributes, readXml, type XmlHandler } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { formatNumber, type NumberKind, numberKind } from "./number-format.ts";

interface Sheet {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

interface Workbook {
  readonly sheets: readonly Sheet[];
  readonly strings: readonly string[];
  /** How numbers are shown, by the style of a cell. */
  readonly kinds: readonly NumberKind[];
  /** Whether days are counted from 1904. */
  readonly is1904: boolean;
}

/** Reads a workbook. */
export async function readExcel(zip: Zip, sink: Sink): Promise<void> {
  sink.unit = "sheet";
  const main = await mainPart(zip, "xl/workbook.xml");
  if (main.endsWith(".bin")) {
    throw new Unreadable(
      "it is a binary workbook (.xlsb), which is not read here",
      "Ask the person to save it as .xlsx.",
    );
  }
  await readProperties(zip, "docProps/core.xml", sink);
  const workbook = await readWorkbook(zip, main);
  sink.total = workbook.sheets.length;
  for (const sheet of workbook.sheets) {
    const heading = `Sheet "${sheet.name}"${sheet.isHidden ? " (hidden)" : ""}`;
    if (sink.part(heading, sheet.name)) await readSheet(zip, sheet, workbook, sink);
  }
}

async function readWorkbook(zip: Zip, main: string): Promise<Workbook> {
  const links = await relationships(zip, main);
  const sheets: Sheet[] = [];
  let is1904 = false;
  await readPart(zip, main, {
    open(name, attributes) {
      if (name === "workbookPr") is1904 = /^(1|true)$/.test(attributes.get("date1904") ?? "");
      if (name !== "sheet") return;
      const link = links.get(attributes.get("r:id") ?? attributes.get("id") ?? "");
      sheets.push({
        name: attributes.get("name") ?? "",
        part: link?.type === "worksheet" ? link.target : "",
        isHidden: /hidden/i.test(attributes.get("state") ?? ""),
      });
    },
  });
  const partOf = (type: string) => [...links.values()].find((link) => link.type === type)?.target ?? "";
  return {
    sheets,
    is1904,
    strings: await readStrings(zip, partOf("sharedStrings")),
    kinds: await readKinds(zip, partOf("styles")),
  };
}

/** The texts that cells refer to. They are all kept, because a sheet refers to any of them. */
async function readStrings(zip: Zip, part: string): Promise<string[]> {
  const strings: string[] = [];
  let current = "";
  let chars = 0;
  let inText = false;
  let inPhonetic = false;
  await readPart(zip, part, {
    open(name) {
      if (name === "si") current = "";
      else if (name === "t") inText = !inPhonetic;
      else if (name === "rPh") inPhonetic = true;
    },
    close(name) {
      if (name === "t") inText = false;
      else if (name === "rPh") inPhonetic = false;
      else if (name === "si") {
        strings.push(current);
        chars += current.length + 16;
        if (chars > UNPACKED_PART_BYTES_MAX) {
          throw new Unreadable(
            `it has more than ${count(UNPACKED_PART_BYTES_MAX)} characters of text in its cells`,
            "Ask the person for a smaller workbook, or for the sheet as a CSV file.",
          );
        }
      }
    },
    text: (text) => void (current += inText ? text : ""),
  });
  return strings;
}

/** How numbers are shown, by the index of a cell's style (18.8.10). */
async function readKinds(zip: Zip, part: string): Promise<NumberKind[]> {
  const codes = new Map<number, string>();
  const kinds: NumberKind[] = [];
  let inCells = false;
  await readPart(zip, part, {
    open(name, attributes) {
      if (name === "numFmt") {
        codes.set(Number(attributes.get("numFmtId")), attributes.get("formatCode") ?? "");
      } else if (name === "cellXfs") inCells = true;
      else if (name === "xf" && inCells) {
        const id = Number(attributes.get("numFmtId") ?? 0);
        kinds.push(numberKind(id, codes.get(id)));
      }
    },
    close: (name) => void (inCells &&= name !== "cellXfs"),
  });
  return kinds;
}

async function readSheet(zip: Zip, sheet: Sheet, workbook: Workbook, sink: Sink): Promise<void> {
  if (sheet.part === "") {
    sink.line("A chart or a dialogue: it has no cells.");
    return;
  }
  const table = new SheetTable(sink, sheet.name);
  const reader = new CellReader(table, workbook);
  const pieces = async function* () {
    for await (const piece of zip.pieces(sheet.part)) {
      await sink.drain();
      yield piece;
      // The rest of the sheet need not be unpacked.
      if (table.isPast) return;
    }
  };
  await readXml(pieces(), reader);
  table.end();
}

/** Takes the cells of a sheet (18.3.1.4) as they pass by. */
class CellReader implements XmlHandler {
  readonly #table: SheetTable;
  readonly #book: Workbook;
  #row = 0;
  #column = 0;
  #type = "";
  #style = 0;
  #value = "";
  #formula = "";
  #into: "value" | "formula" | "" = "";

  constructor(table: SheetTable, book: Workbook) {
    this.#table = table;
    this.#book = book;
  }

  open(name: string, attributes: Attributes): void {
    if (name === "c") {
      this.#begin(attributes);
    } else if (name === "v" || name === "t") this.#into = "value";
    else if (name === "f") this.#into = "formula";
    else if (name === "row") {
      // Both are optional: then it is the next one.
      const stated = Number(attributes.get("r"));
      this.#row = stated >= 1 ? stated : this.#row + 1;
      this.#column = 0;
    } else if (name === "rPh") this.#into = "";
  }

  text(text: string): void {
    if (this.#into === "value") this.#value += text;
    else if (this.#into === "formula") this.#formula += text;
  }

  close(name: string): void {
    if (name === "c") this.#table.cell(this.#row, this.#column, this.#shown());
    else if (name === "v" || name === "t" || name === "f") this.#into = "";
  }

  #begin(attributes: Attributes): void {
    const reference = attributes.get("r");
    const letters = reference === undefined ? undefined : /^[A-Za-z]{1,3}/.exec(reference)?.[0];
    this.#column = letters === undefined ? this.#column + 1 : columnNumber(letters);
    this.#type = attributes.get("t") ?? "n";
    this.#style = Number(attributes.get("s") ?? 0);
    this.#value = "";
    this.#formula = "";
  }

  #shown(): string {
    const value = this.#value;
    switch (this.#type) {
      case "s":
        return this.#book.strings[Number(value)] ?? "";
      case "inlineStr":
      case "str":
      case "d":
        return value;
      case "b":
        return value === "1" ? "TRUE" : "FALSE";
      case "e":
        return value;
    }
    if (value !== "") {
      return formatNumber(value, this.#book.kinds[this.#style] ?? "number", this.#book.is1904);
    }
    if (this.#formula === "") return "";
    this.#table.unknownFormulas++;
    return `=${this.#formula}`;
  }
}
