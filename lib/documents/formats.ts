/**
 * The formats that are read, and which of them a file is: by its contents. Only between formats that are
 * plain text do its name and its media type decide.
 * @module
 */
import { Buffer } from "node:buffer";
import { SNIFF_BYTES } from "../media.ts";
import { detect } from "../text.ts";
import type { Format } from "./types.ts";

const OOXML = "application/vnd.openxmlformats-officedocument";
const ODF = "application/vnd.oasis.opendocument";

function format(id: string, name: string, mimeType: string, isText = false): Format {
  return { id, name, mimeType, isText };
}

/** Every format, by its short name. */
export const FORMATS = {
  pdf: format("pdf", "PDF document", "application/pdf"),
  docx: format("docx", "Word document", `${OOXML}.wordprocessingml.document`),
  xlsx: format("xlsx", "Excel workbook", `${OOXML}.spreadsheetml.sheet`),
  pptx: format("pptx", "PowerPoint presentation", `${OOXML}.presentationml.presentation`),
  odt: format("odt", "OpenDocument text", `${ODF}.text`),
  ods: format("ods", "OpenDocument spreadsheet", `${ODF}.spreadsheet`),
  odp: format("odp", "OpenDocument presentation", `${ODF}.presentation`),
  epub: format("epub", "EPUB book", "application/epub+zip"),
  ole: format("ole", "old Office document", "application/x-ole-storage"),
  rtf: format("rtf", "RTF document", "application/rtf"),
  html: format("html", "HTML page", "text/html", true),
  eml: format("eml", "e-mail", "message/rfc822", true),
  ipynb: format("ipynb", "notebook", "application/x-ipynb+json", true),
  zip: format("zip", "ZIP archive", "application/zip"),
  tar: format("tar", "tar archive", "application/x-tar"),
  gzip: format("gzip", "gzip file", "application/gzip"),
} as const satisfies Record<string, Format>;

/** Marks that stand in the first bytes. */
const MARKS: readonly (readonly [format: Format, at: number, bytes: string])[] = [
  [FORMATS.ole, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
  [FORMATS.rtf, 0, "{\\rtf"],
  [FORMATS.gzip, 0, "\x1f\x8b\x08"],
  [FORMATS.tar, 257, "ustar"],
];

/** What the beginning of a ZIP file tells; its directory, which stands at its end, tells it for certain. */
const ZIP_HINTS: readonly (readonly [contains: string, format: Format])[] = [
  [`mimetype${ODF}.text`, FORMATS.odt],
  [`mimetype${ODF}.spreadsheet`, FORMATS.ods],
  [`mimetype${ODF}.presentation`, FORMATS.odp],
  ["mimetypeapplication/epub+zip", FORMATS.epub],
  ["word/", FORMATS.docx],
  ["xl/", FORMATS.xlsx],
  ["ppt/", FORMATS.pptx],
];

const TEXTUAL: readonly Format[] = Object.values(FORMATS).filter(({ isText }) => isText);

const EXTENSIONS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ["html", FORMATS.html],
  ["htm", FORMATS.html],
  ["xhtml", FORMATS.html],
  ["eml", FORMATS.eml],
  ["ipynb", FORMATS.ipynb],
]);

/** Bytes in which a PDF says what it is (ISO 32000-1, annex H.3, note 13). */
const PDF_BYTES = 1_024;
const PERCENT = 0x25;

/** See {@link Documents.recognise}. */
export function recognise(head: Uint8Array, name: string, mimeType = ""): Format | undefined {
  // Some writers put a few bytes in front of a PDF; a text that speaks of PDF is none.
  const pdf = startOfPdf(head.subarray(0, PDF_BYTES));
  if (pdf === 0 || (pdf > 0 && detect(head, true) === undefined)) return FORMATS.pdf;
  const marked = MARKS.find(([, at, mark]) => isAt(head, at, mark));
  if (marked !== undefined) return marked[0];
  if (isAt(head, 0, "PK\x03\x04") || isAt(head, 0, "PK\x05\x06")) {
    const bytes = startOf(head);
    return ZIP_HINTS.find(([contains]) => bytes.includes(contains))?.[1] ?? FORMATS.zip;
  }
  const named = textualFormat(name) ?? textualType(mimeType);
  // What is called a notebook and begins like none is text like any other.
  if (named === undefined || detect(head, true) === undefined) return undefined;
  const start = startOf(head).toString("latin1");
  if (named === FORMATS.ipynb && !/^\s*\{/.test(start)) return undefined;
  if (named === FORMATS.eml && !/^[!-9;-~]+[ \t]*:|^From /.test(start)) return undefined;
  return named;
}

function startOf(head: Uint8Array): Buffer {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, SNIFF_BYTES));
}

function startOfPdf(bytes: Uint8Array): number {
  let at = bytes.indexOf(PERCENT);
  while (at !== -1 && !isAt(bytes, at, "%PDF-")) at = bytes.indexOf(PERCENT, at + 1);
  return at;
}

/** Whether the bytes from `at` on are those of the mark. Every file that is read is asked for all marks. */
function isAt(bytes: Uint8Array, at: number, mark: string): boolean {
  for (let index = 0; index < mark.length; index++) {
    if (bytes[at + index] !== mark.charCodeAt(index)) return false;
  }
  return true;
}

function textualType(mimeType: string): Format | undefined {
  if (mimeType === "") return undefined;
  const type = mimeType.split(";")[0]?.trim().toLowerCase();
  return TEXTUAL.find((format) => format.mimeType === type);
}

/** The format that is text of which a file has the name, if it has one. */
export function textualFormat(name: string): Format | undefined {
  return EXTENSIONS.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}

/** The extensions whose files are worth opening when documents are searched. */
export const DOCUMENT_EXTENSIONS: readonly string[] = [
  ..."pdf docx docm dotx xlsx xlsm pptx pptm ppsx odt ods odp rtf epub eml ipynb html htm xhtml".split(" "),
];
