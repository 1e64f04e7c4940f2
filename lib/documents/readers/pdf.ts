/**
 * PDF (ISO 32000-2): text by page, and pages as they look.
 * @module
 */
import { counted } from "../../format.ts";
import { PAGE_IMAGE_PIXELS, PAGE_IMAGES_BYTES_MAX, PAGE_IMAGES_MAX } from "../../limits.ts";
import type { Selection } from "../selection.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import { writePieces } from "./pdf-layout.ts";
import { readPageText } from "./pdf-text.ts";
import { openPdf, type Pdf } from "./pdfium.ts";
import { encodePng, type Pixels } from "./png.ts";

/** Reads a document. */
export async function readPdf(bytes: Uint8Array, sink: Sink): Promise<void> {
  sink.unit = "page";
  const pdf = await openPdf(bytes);
  try {
    refuseEmpty(pdf);
    sink.total = pdf.pages;
    sink.property("title", pdf.meta("Title"));
    sink.property("author", pdf.meta("Author"));
    const scanned: number[] = [];
    const strange: number[] = [];
    for (let index = 0; index < pdf.pages; index++) {
      if (!sink.part(`Page ${index + 1}`)) continue;
      await sink.drain();
      const found = readPage(pdf, index, sink);
      if (found === "image") scanned.push(index + 1);
      else if (found === "strange") strange.push(index + 1);
    }
    warnOf(scanned, strange, sink);
  } finally {
    pdf.close();
  }
}

function refuseEmpty({ pages }: Pdf): void {
  if (pages > 0) return;
  throw new Unreadable("it is damaged (it has no pages)", "Ask the person for another copy of it.");
}

function readPage(pdf: Pdf, index: number, sink: Sink): "text" | "image" | "strange" | "empty" {
  if (pdf.isForm) flatten(pdf, index);
  const found = pdf.withPage(index, (page) => {
    const text = readPageText(pdf, page);
    for (const pieces of text.directions) writePieces(pieces, sink);
    if (text.chars === 0) return pdf.api.FPDFPage_CountObjects(page) > 0 ? "image" : "empty";
    return text.unknown > text.chars / 3 ? "strange" : "text";
  });
  if (found === "image") sink.line("(no text on this page, only an image or a drawing)");
  else if (found === "empty") sink.line("(an empty page)");
  else if (found === undefined) sink.line("(a damaged page that cannot be read)");
  return found ?? "empty";
}

/** What is filled in stands beside the page: this makes it part of it, in memory only. */
function flatten(pdf: Pdf, index: number): void {
  const NORMAL_DISPLAY = 0;
  pdf.withPage(index, (page) => pdf.api.FPDFPage_Flatten(page, NORMAL_DISPLAY));
}

function warnOf(scanned: readonly number[], strange: readonly number[], sink: Sink): void {
  const look = 'read_file with as "images" and these pages shows them as they look.';
  if (scanned.length > 0) {
    sink.warn(
      `${counted(scanned.length, "page")} (${runs(scanned)}) ${
        scanned.length === 1 ? "has" : "have"
      } no text: scanned, perhaps. ${look}`,
    );
  }
  if (strange.length > 0) {
    sink.warn(
      `The fonts of ${counted(strange.length, "page")} (${runs(strange)}) hide their letters. ${look}`,
    );
  }
}

/** `1-3, 7`. */
function runs(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  const shown = found.slice(0, 10).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return shown.join(", ") + (found.length > 10 ? ", …" : "");
}

/** A page as an image. */
export interface RenderedPage {
  /** From 1. */
  readonly number: number;
  readonly png: Uint8Array;
}

/** Draws pages. @returns as many of those that are wanted as one reply carries, and how many there are. */
export async function renderPages(
  bytes: Uint8Array,
  selection: Selection,
): Promise<{ pages: RenderedPage[]; total: number }> {
  const pdf = await openPdf(bytes);
  try {
    refuseEmpty(pdf);
    const wanted: number[] = [];
    for (let number = 1; number <= pdf.pages && wanted.length < PAGE_IMAGES_MAX; number++) {
      if (selection.wants(number)) wanted.push(number);
    }
    if (wanted.length === 0) {
      throw new Unreadable(
        `it has ${counted(pdf.pages, "page")}, and ${JSON.stringify(selection.text)} is none of them`,
        `Use numbers from 1 to ${pdf.pages}.`,
      );
    }
    const pages: RenderedPage[] = [];
    let left = PAGE_IMAGES_BYTES_MAX;
    for (const [index, number] of wanted.entries()) {
      // Each gets a fair part of what is left; simple pages leave more to the others.
      const room = Math.floor(left / Math.min(4, wanted.length - index));
      const png = renderPage(pdf, number - 1, room);
      if (png === undefined) {
        if (wanted.length > 1 && index > 0) break;
        throw new Unreadable(`its page ${number} cannot be drawn`, "Ask the person to look at it.");
      }
      pages.push({ number, png });
      left -= png.length;
      if (left < PAGE_IMAGES_BYTES_MAX / 16) break;
    }
    return { pages, total: pdf.pages };
  } finally {
    pdf.close();
  }
}

/** What is tried until an image is small enough: its size, and its bits a pixel (24: in colours). */
const TRIES: readonly (readonly [scale: number, bits: 24 | 8 | 4])[] = [
  [1, 24],
  [1, 4],
  [0.75, 24],
  [0.75, 4],
  [0.55, 4],
  [0.4, 4],
  [0.25, 4],
];

function renderPage(pdf: Pdf, index: number, bytesMax: number): Uint8Array | undefined {
  if (pdf.isForm) flatten(pdf, index);
  let pixels: Pixels | undefined;
  let drawn = 0;
  for (const [scale, bits] of TRIES) {
    if (scale !== drawn) pixels = draw(pdf, index, Math.round(PAGE_IMAGE_PIXELS * scale));
    drawn = scale;
    if (pixels === undefined) return undefined;
    const png = encodePng(pixels, bits);
    if (png.length <= bytesMax) return png;
  }
  return undefined;
}

const BGRX = 3;
const WHITE = 0xffffffff;
const ANNOTATIONS = 1;

function draw(pdf: Pdf, index: number, longer: number): Pixels | undefined {
  const { api } = pdf;
  return pdf.withPage(index, (page) => {
    const [wide, high] = [api.FPDF_GetPageWidth(page), api.FPDF_GetPageHeight(page)];
    if (!(wide > 0 && high > 0)) return undefined;
    const scale = longer / Math.max(wide, high);
    const width = Math.max(1, Math.round(wide * scale));
    const height = Math.max(1, Math.round(high * scale));
    const bitmap = api.FPDFBitmap_CreateEx(width, height, BGRX, 0, 0);
    if (bitmap === 0) return undefined;
    try {
      api.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
      api.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, ANNOTATIONS);
      const stride = api.FPDFBitmap_GetStride(bitmap);
      const start = api.FPDFBitmap_GetBuffer(bitmap);
      const bytes = new Uint8Array(pdf.memory().buffer.slice(start, start + stride * height));
      return { width, height, stride, bytes };
    } finally {
      api.FPDFBitmap_Destroy(bitmap);
    }
  });
}
