/**
 * Makes PDF files, sound ones and others.
 * @module
 */
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";

/** A text with its place, in points from the lower left corner. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size?: number;
  /** Quarter turns to the left. */
  readonly turn?: number;
}

/** What a PDF is made with. */
export interface PdfOptions {
  readonly title?: string;
  /** Bytes put in front of it. */
  readonly before?: string;
  /** Objects beside those of the pages, as they are written: their numbers go on from `pages`. */
  readonly trailer?: string;
}

/** A page of marks, or an image of the given size of noise, as a scanner would make it. */
export type PageContent = readonly Mark[] | { readonly noise: number };

const WIDTH = 595;
const HEIGHT = 842;

/** A PDF with one font, Helvetica. */
export function pdf(pages: readonly PageContent[], options: PdfOptions = {}): Buffer {
  const objects: Buffer[] = [];
  const add = (body: string | Buffer) => objects.push(Buffer.from(body as string, "latin1"));
  add("<< /Type /Catalog /Pages 2 0 R >>");
  add("");
  add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
  add(`<< /Title (${escape(options.title ?? "")}) >>`);
  const kids = pages.map((page) => {
    const image = "noise" in page ? add(noise(page.noise)) : 0;
    const content = add(stream("noise" in page ? `${WIDTH} 0 0 ${HEIGHT} 0 0 cm /I Do` : contentOf(page)));
    const images = image === 0 ? "" : `/XObject << /I ${image} 0 R >>`;
    return add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${WIDTH} ${HEIGHT}] /Contents ${content} 0 R ` +
        `/Resources << /Font << /F 3 0 R >> ${images} >> >>`,
    );
  });
  objects[1] = Buffer.from(
    `<< /Type /Pages /Count ${kids.length} /Kids [${kids.map((kid) => `${kid} 0 R`).join(" ")}] >>`,
  );
  return assemble(objects, options);
}

/** A file of these objects, the first of which is the catalogue and the fourth the information. */
export function assemble(objects: readonly Buffer[], { before = "", trailer = "" }: PdfOptions = {}): Buffer {
  const parts = [Buffer.from(`${before}%PDF-1.7\n`, "latin1")];
  const places: number[] = [];
  let at = parts[0]?.length ?? 0;
  for (const [index, object] of objects.entries()) {
    const body = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")]);
    places.push(at);
    parts.push(body);
    at += body.length;
  }
  const rows = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  parts.push(Buffer.from(
    `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${objects.length + 1} ` +
      `/Root 1 0 R /Info 4 0 R ${trailer} >>\nstartxref\n${at}\n%%EOF\n`,
  ));
  return Buffer.concat(parts);
}

/** A stream object, packed. */
export function stream(content: string | Buffer, entries = ""): Buffer {
  const packed = deflateSync(Buffer.from(content as string, "latin1"));
  return Buffer.concat([
    Buffer.from(`<< /Length ${packed.length} /Filter /FlateDecode ${entries} >>\nstream\n`),
    packed,
    Buffer.from("\nendstream"),
  ]);
}

/** Lines of running text, from the top. */
export function column(lines: readonly string[], x = 72, top = 760, leading = 14): Mark[] {
  return lines.map((text, index) => ({ x, y: top - index * leading, text }));
}

function contentOf(marks: readonly Mark[]): string {
  return marks.map(({ x, y, text, size = 10, turn = 0 }) => {
    const [cos, sin] = [[1, 0], [0, 1], [-1, 0], [0, -1]][turn % 4] ?? [1, 0];
    return `BT /F ${size} Tf ${cos} ${sin} ${-(sin ?? 0)} ${cos} ${x} ${y} Tm (${escape(text)}) Tj ET`;
  }).join("\n");
}

function escape(text: string): string {
  return text.replace(/[\\()]/g, "\\$&");
}

function noise(side: number): Buffer {
  let seed = 7;
  const grey = Buffer.alloc(side * side);
  for (let index = 0; index < grey.length; index++) {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    grey[index] = seed >> 16;
  }
  return stream(
    grey,
    `/Type /XObject /Subtype /Image /Width ${side} /Height ${side} /ColorSpace /DeviceGray ` +
      `/BitsPerComponent 8`,
  );
}
