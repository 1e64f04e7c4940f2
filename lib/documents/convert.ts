/**
 * One document becomes Markdown: which reader takes it. Runs in a worker process; every reader loads only
 * what it needs.
 * @module
 */
import { Buffer } from "node:buffer";
import { FORMATS, recognise } from "./formats.ts";
import { Selection } from "./selection.ts";
import { type Outcome, Sink } from "./sink.ts";
import type { Format } from "./types.ts";
import { Unreadable } from "./unreadable.ts";
import { Zip } from "./zip.ts";

/** A document, and which part of it is wanted. */
export interface Document {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly mimeType?: string;
  readonly pages?: string;
}

/**
 * Reads a document.
 * @param post Takes the Markdown in pieces.
 * @throws {Unreadable}
 */
export async function convert(
  document: Document,
  post: (markdown: string) => Promise<void>,
): Promise<Outcome> {
  const { bytes, name, mimeType } = document;
  const recognised = recognise(bytes, name, mimeType);
  if (recognised === undefined) {
    throw new Unreadable("it is none of the documents that are read here", "Ask the person what it is.");
  }
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const zip = isZip ? new Zip(bytes) : undefined;
  const format = zip === undefined ? recognised : await formatOf(zip);
  const sink = new Sink(format, new Selection(document.pages), post);
  return await sink.collect(() => read(format, bytes, zip, sink));
}

async function read(format: Format, bytes: Uint8Array, zip: Zip | undefined, sink: Sink): Promise<void> {
  if (zip !== undefined) return await readZip(format, zip, sink);
  switch (format) {
    case FORMATS.pdf:
      return await (await import("./readers/pdf.ts")).readPdf(bytes, sink);
    case FORMATS.rtf:
      return await (await import("./readers/rtf.ts")).readRtf(bytes, sink);
    case FORMATS.html:
      return (await import("./readers/html.ts")).readHtml(bytes, sink);
    case FORMATS.eml:
      return await (await import("./readers/mail.ts")).readMail(bytes, sink);
    case FORMATS.ipynb:
      return await (await import("./readers/notebook.ts")).readNotebook(bytes, sink);
    case FORMATS.tar:
    case FORMATS.gzip:
      return await (await import("./readers/archive.ts")).listTar(bytes, format === FORMATS.gzip, sink);
  }
  throw oleError(bytes);
}

async function readZip(format: Format, zip: Zip, sink: Sink): Promise<void> {
  switch (format) {
    case FORMATS.docx:
      return await (await import("./readers/word.ts")).readWord(zip, sink);
    case FORMATS.xlsx:
      return await (await import("./readers/excel.ts")).readExcel(zip, sink);
    case FORMATS.pptx:
      return await (await import("./readers/powerpoint.ts")).readPowerPoint(zip, sink);
    case FORMATS.odt:
    case FORMATS.ods:
    case FORMATS.odp:
      return await (await import("./readers/opendocument.ts")).readOpenDocument(zip, format.id, sink);
    case FORMATS.epub:
      return await (await import("./readers/html.ts")).readEpub(zip, sink);
  }
  (await import("./readers/archive.ts")).listZip(zip, sink);
}

/** What a ZIP file is, by its directory and the type it declares. */
async function formatOf(zip: Zip): Promise<Format> {
  const declared = zip.has("mimetype")
    ? (await zip.bytes("mimetype"))?.subarray(0, 200).toString("latin1").trim().replace(/-template$/, "")
    : undefined;
  const byType = Object.values(FORMATS).find(({ mimeType }) => mimeType === declared);
  if (byType !== undefined) return byType;
  if (zip.has("[Content_Types].xml")) {
    if (zip.has("word/document.xml")) return FORMATS.docx;
    if (zip.has("xl/workbook.xml") || zip.has("xl/workbook.bin")) return FORMATS.xlsx;
    if (zip.has("ppt/presentation.xml")) return FORMATS.pptx;
    const { mainPart } = await import("./package.ts");
    const main = await mainPart(zip, "").catch(() => "");
    if (main.startsWith("word/")) return FORMATS.docx;
    if (main.startsWith("xl/")) return FORMATS.xlsx;
    if (main.startsWith("ppt/")) return FORMATS.pptx;
  }
  return FORMATS.zip;
}

/** Why an OLE file (the format before 2007, and the shell of encrypted ones) is not read. */
function oleError(bytes: Uint8Array): Unreadable {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Names in its directory are UTF-16.
  const has = (name: string) => all.includes(Buffer.from(name, "utf16le"));
  if (has("EncryptedPackage")) {
    return new Unreadable("it is encrypted with a password", "Ask the person for a copy without one.");
  }
  const [what, instead] = has("WordDocument")
    ? ["a Word document of before 2007 (.doc)", ".docx or PDF"]
    : has("Workbook") || has("Book")
    ? ["an Excel workbook of before 2007 (.xls)", ".xlsx"]
    : has("PowerPoint Document")
    ? ["a PowerPoint presentation of before 2007 (.ppt)", ".pptx or PDF"]
    : has("__properties_version1.0")
    ? ["an Outlook message (.msg)", ".eml, or to print it to a PDF"]
    : ["an old Office document", "a format of today"];
  return new Unreadable(`it is ${what}, which is not read here`, `Ask the person to save it as ${instead}.`);
}
