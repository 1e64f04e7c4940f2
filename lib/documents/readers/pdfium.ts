/**
 * PDFium, the PDF engine of Chrome, compiled to WebAssembly: inside of its own memory it can reach nothing,
 * whatever a document makes it do.
 * @module
 */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { embeddedFile, sourceFolder } from "../../runtime.ts";
import { Unreadable } from "../unreadable.ts";

type Call = (...args: number[]) => number;

/** The functions that are used (fpdfview.h, fpdf_text.h and others of PDFium). Pointers are numbers. */
type Functions = Readonly<
  Record<
    | "malloc"
    | "free"
    | "FPDF_InitLibrary"
    | "FPDF_LoadMemDocument"
    | "FPDF_GetLastError"
    | "FPDF_CloseDocument"
    | "FPDF_GetPageCount"
    | "FPDF_GetMetaText"
    | "FPDF_GetFormType"
    | "FPDF_LoadPage"
    | "FPDF_ClosePage"
    | "FPDF_GetPageWidth"
    | "FPDF_GetPageHeight"
    | "FPDFPage_CountObjects"
    | "FPDFPage_Flatten"
    | "FPDFText_LoadPage"
    | "FPDFText_ClosePage"
    | "FPDFText_CountChars"
    | "FPDFText_GetUnicode"
    | "FPDFText_IsGenerated"
    | "FPDFText_GetLooseCharBox"
    | "FPDFText_GetCharOrigin"
    | "FPDFText_GetCharAngle"
    | "FPDFBitmap_CreateEx"
    | "FPDFBitmap_FillRect"
    | "FPDFBitmap_GetBuffer"
    | "FPDFBitmap_GetStride"
    | "FPDFBitmap_Destroy"
    | "FPDF_RenderPageBitmap",
    Call
  >
>;

interface Module {
  readonly wasmExports: Functions;
  /** Replaced when the memory grows. */
  readonly HEAPU8: Uint8Array;
}

/** An open document. */
export interface Pdf {
  readonly api: Functions;
  /** PDFium's memory as it is at this moment. */
  memory(): DataView;
  readonly document: number;
  readonly pages: number;
  /** Whether it has fields that are filled in. */
  readonly isForm: boolean;
  /** A text that the document states about itself: `Title`, `Author`. */
  meta(tag: string): string;
  /** Works with a page. @param index From 0. @returns undefined when the page cannot be loaded. */
  withPage<T>(index: number, work: (page: number) => T): T | undefined;
  close(): void;
}

const PASSWORD = 4;
const SECURITY = 5;

/** Opens a document. @throws {Unreadable} */
export async function openPdf(bytes: Uint8Array): Promise<Pdf> {
  const { PDFiumModule } = await import("@hyzyla/pdfium");
  const module = await PDFiumModule({
    wasmBinary: toArrayBuffer(await engine()),
    locateFile: () => "",
  }) as unknown as Module; // Its types name only some of the functions.
  const api = module.wasmExports;
  api.FPDF_InitLibrary();
  const data = api.malloc(bytes.length);
  if (data === 0) {
    throw new Unreadable("it is too large for the PDF engine", "Ask the person for a smaller one.");
  }
  module.HEAPU8.set(bytes, data);
  const document = api.FPDF_LoadMemDocument(data, bytes.length, 0);
  if (document === 0) throw openError(api.FPDF_GetLastError());
  const memory = () => new DataView(module.HEAPU8.buffer);
  return {
    api,
    memory,
    document,
    pages: api.FPDF_GetPageCount(document),
    isForm: api.FPDF_GetFormType(document) !== 0,
    meta: (tag) => readMeta(module, document, tag),
    withPage(index, work) {
      const page = api.FPDF_LoadPage(document, index);
      if (page === 0) return undefined;
      try {
        return work(page);
      } finally {
        api.FPDF_ClosePage(page);
      }
    },
    close: () => {
      api.FPDF_CloseDocument(document);
      api.free(data);
    },
  };
}

async function engine(): Promise<Uint8Array> {
  const embedded = embeddedFile("pdfium.wasm");
  if (embedded !== undefined) return new Uint8Array(await embedded.arrayBuffer());
  return await readFile(join(sourceFolder() ?? "", "node_modules/@hyzyla/pdfium/dist/pdfium.wasm"));
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  // It is not shared memory, which the types allow for.
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

function openError(code: number): Unreadable {
  if (code === PASSWORD) {
    return new Unreadable("it is encrypted with a password", "Ask the person for a copy without one.");
  }
  if (code === SECURITY) {
    return new Unreadable(
      "it is encrypted in a way that is not supported here",
      "Ask the person to print it to a new PDF.",
    );
  }
  return new Unreadable(
    "it is damaged, or no PDF beyond its first bytes",
    "Ask the person for another copy of it, perhaps it was not downloaded completely.",
  );
}

function readMeta({ wasmExports: api, HEAPU8 }: Module, document: number, tag: string): string {
  const room = 2_048;
  const name = api.malloc(room);
  HEAPU8.set(Buffer.from(`${tag}\0`), name);
  const value = name + 64;
  const size = api.FPDF_GetMetaText(document, name, value, room - 64);
  // In bytes with the final NUL, also when there was not room enough.
  const text = size < 4 || size > room - 64
    ? ""
    : Buffer.from(HEAPU8.slice(value, value + size - 2)).toString("utf16le");
  api.free(name);
  return text;
}
