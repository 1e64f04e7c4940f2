/**
 * Makes office documents as their formats describe them, small ones.
 * @module
 */
import { Buffer } from "node:buffer";
import { zip } from "./zip.ts";

type Files = Record<string, string | Uint8Array>;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const DOCUMENT_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships";

/** A part with the relationships to others: id, type, target. */
function relations(
  rows: readonly (readonly [id: string, type: string, target: string, external?: boolean])[],
): string {
  const all = rows.map(([id, type, target, external]) =>
    `<Relationship Id="${id}" Type="${DOCUMENT_RELATIONS}/${type}" Target="${target}"` +
    `${external === true ? ' TargetMode="External"' : ""}/>`
  );
  return `${XML}<Relationships xmlns="${PACKAGE_RELATIONS}">${all.join("")}</Relationships>`;
}

/** The files every Office Open XML package has. */
export function packageOf(main: string): Files {
  return {
    "[Content_Types].xml": types(main),
    "_rels/.rels": relations([["rId1", "officeDocument", main]]),
    "docProps/core.xml": `${XML}<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>The title</dc:title>` +
      "<dc:creator>Ada Lovelace</dc:creator></cp:coreProperties>",
  };
}

const MAIN_TYPES: Readonly<Record<string, string>> = {
  word: "wordprocessingml.document",
  xl: "spreadsheetml.sheet",
  ppt: "presentationml.presentation",
};

/** The types of the parts, as far as other readers insist on them. */
function types(main: string): string {
  const office = "application/vnd.openxmlformats-officedocument";
  const sheet = `${office}.spreadsheetml`;
  const parts = [
    [main, `${office}.${MAIN_TYPES[main.split("/")[0] ?? ""]}.main+xml`],
    ["xl/worksheets/sheet1.xml", `${sheet}.worksheet+xml`],
    ["xl/sharedStrings.xml", `${sheet}.sharedStrings+xml`],
    ["xl/styles.xml", `${sheet}.styles+xml`],
  ].map(([part, type]) => `<Override PartName="/${part}" ContentType="${type}"/>`);
  return `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
    `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
    `<Default Extension="xml" ContentType="application/xml"/>${parts.join("")}</Types>`;
}

/** A Word document with this body. */
export function docx(body: string, more: Files = {}): Buffer {
  return zip({
    ...packageOf("word/document.xml"),
    "word/document.xml": `${XML}<w:document xmlns:w="w" xmlns:r="r"><w:body>${body}</w:body></w:document>`,
    "word/_rels/document.xml.rels": relations([
      ["rId1", "styles", "styles.xml"],
      ["rId2", "numbering", "numbering.xml"],
      ["rId3", "footnotes", "footnotes.xml"],
      ["rId9", "hyperlink", "https://example.com/a?b=1&amp;c=2", true],
    ]),
    "word/styles.xml": `${XML}<w:styles xmlns:w="w">` +
      '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>' +
      '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/>' +
      "</w:style></w:styles>",
    "word/numbering.xml": `${XML}<w:numbering xmlns:w="w">` +
      '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>' +
      '<w:lvl w:ilvl="1"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>' +
      '<w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
    "word/footnotes.xml": `${XML}<w:footnotes xmlns:w="w"><w:footnote w:type="separator" w:id="-1"><w:p/>` +
      '</w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>',
    ...more,
  });
}

/** A paragraph of Word. */
export function paragraph(text: string, properties = "", run = ""): string {
  return `<w:p><w:pPr>${properties}</w:pPr><w:r><w:rPr>${run}</w:rPr><w:t xml:space="preserve">` +
    `${text}</w:t></w:r></w:p>`;
}

/** A sheet: its name, and its rows as XML. */
export interface SheetXml {
  readonly name: string;
  readonly rows: string;
  readonly hidden?: boolean;
}

/** An Excel workbook. */
export function xlsx(sheets: readonly SheetXml[], strings: readonly string[] = [], more: Files = {}): Buffer {
  const names = sheets.map(({ name, hidden }, index) =>
    `<sheet name="${name}" sheetId="${index + 1}"${hidden === true ? ' state="hidden"' : ""} r:id="rId${
      index + 1
    }"/>`
  );
  const parts = Object.fromEntries(
    sheets.map(({ rows }, index) => [
      `xl/worksheets/sheet${index + 1}.xml`,
      `${XML}<worksheet xmlns="${SHEETS}"><sheetData>${rows}</sheetData></worksheet>`,
    ]),
  );
  return zip({
    ...packageOf("xl/workbook.xml"),
    "xl/workbook.xml":
      `${XML}<workbook xmlns="${SHEETS}" xmlns:r="${DOCUMENT_RELATIONS}"><workbookPr/><sheets>${
        names.join("")
      }</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": relations([
      ...sheets.map((_, index) =>
        [`rId${index + 1}`, "worksheet", `worksheets/sheet${index + 1}.xml`] as const
      ),
      ["rId90", "sharedStrings", "sharedStrings.xml"],
      ["rId91", "styles", "styles.xml"],
    ]),
    "xl/sharedStrings.xml": `${XML}<sst xmlns="${SHEETS}">${
      strings.map((text) => `<si><t>${text}</t></si>`).join("")
    }</sst>`,
    "xl/styles.xml":
      `${XML}<styleSheet xmlns="${SHEETS}"><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>` +
      '<numFmt numFmtId="165" formatCode="[h]:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/>' +
      "</cellStyleXfs>" +
      '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="10"/><xf numFmtId="22"/>' +
      '<xf numFmtId="165"/></cellXfs></styleSheet>',
    ...parts,
    ...more,
  });
}

/** A PowerPoint presentation of slides, each the XML of its shapes, with notes where given. */
export function pptx(slides: readonly { readonly shapes: string; readonly notes?: string }[]): Buffer {
  const files: Files = {
    ...packageOf("ppt/presentation.xml"),
    "ppt/presentation.xml": `${XML}<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst>${
      slides.map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index + 1}"/>`).join("")
    }</p:sldIdLst></p:presentation>`,
    "ppt/_rels/presentation.xml.rels": relations(
      slides.map((_, index) => [`rId${index + 1}`, "slide", `slides/slide${index + 1}.xml`]),
    ),
  };
  for (const [index, { shapes, notes }] of slides.entries()) {
    files[`ppt/slides/slide${index + 1}.xml`] = slideXml(shapes);
    if (notes === undefined) continue;
    files[`ppt/slides/_rels/slide${index + 1}.xml.rels`] = relations([
      ["rId1", "notesSlide", `../notesSlides/notesSlide${index + 1}.xml`],
    ]);
    files[`ppt/notesSlides/notesSlide${index + 1}.xml`] = slideXml(
      shape("sldNum", "7") + shape("body", notes),
    );
  }
  return zip(files);
}

/** A shape of a slide with paragraphs of text. */
export function shape(placeholder: string | undefined, ...paragraphs: readonly string[]): string {
  const type = placeholder === undefined ? "" : `<p:nvPr><p:ph type="${placeholder}"/></p:nvPr>`;
  const lines = paragraphs.map((text) => `<a:p><a:r><a:t>${text}</a:t></a:r></a:p>`);
  return `<p:sp><p:nvSpPr>${type}</p:nvSpPr><p:txBody>${lines.join("")}</p:txBody></p:sp>`;
}

function slideXml(shapes: string): string {
  return `${XML}<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`;
}

/** An OpenDocument file: `text`, `spreadsheet` or `presentation`, with this body. */
export function odf(kind: string, body: string, more: Files = {}): Buffer {
  const type = `application/vnd.oasis.opendocument.${kind}`;
  return zip({
    mimetype: type,
    "content.xml": `${XML}<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b" ` +
      `xmlns:draw="d" xmlns:presentation="p" xmlns:xlink="x"><office:body><office:${kind}>${body}` +
      `</office:${kind}></office:body></office:document-content>`,
    ...more,
  }, { mimetype: { stored: true } });
}

/** A book of chapters, each the body of its page. */
export function epub(chapters: readonly string[], more: Files = {}): Buffer {
  const files: Files = {
    mimetype: "application/epub+zip",
    "META-INF/container.xml":
      `${XML}<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>`,
    "OPS/book.opf": `${XML}<package><metadata xmlns:dc="d"><dc:title>A book</dc:title></metadata><manifest>${
      chapters.map((_, index) => `<item id="c${index}" href="text/c%20${index}.xhtml"/>`).join("")
    }</manifest><spine>${
      chapters.map((_, index) => `<itemref idref="c${index}"/>`).join("")
    }</spine></package>`,
  };
  for (const [index, body] of chapters.entries()) {
    files[`OPS/text/c ${index}.xhtml`] =
      `${XML}<html xmlns="http://www.w3.org/1999/xhtml"><body>${body}</body></html>`;
  }
  return zip({ ...files, ...more }, { mimetype: { stored: true } });
}
