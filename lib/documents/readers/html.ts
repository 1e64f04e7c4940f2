/**
 * HTML pages and EPUB books, which are HTML pages in an archive.
 * @module
 */
import { Buffer } from "node:buffer";
import { type HtmlPage, htmlToMarkdown } from "../../markdown/html.ts";
import { readPart, resolveIn } from "../package.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import type { Zip } from "../zip.ts";

/** Bytes of one page of HTML: its whole tree is built in memory, at some ten times the size. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;

/** Reads a page. Nothing is written of one that has nothing to read: the empty frame of a program. */
export function readHtml(bytes: Uint8Array, sink: Sink): void {
  const page = markdownOf(decodeHtml(bytes), sink);
  sink.property("title", page.title);
  if (page.isShell !== true && /[\p{L}\p{N}]/u.test(page.markdown)) writePage(page, sink);
}

/** Writes the Markdown of a page. Its headings are made smaller by `deeper` levels. */
export function writeHtml(html: string, sink: Sink, deeper = 0): void {
  writePage(markdownOf(html, sink), sink, deeper);
}

function markdownOf(html: string, sink: Sink): HtmlPage {
  if (html.length > PAGE_BYTES_MAX) {
    sink.warn(`A page of ${html.length} characters was read in part only.`);
  }
  return htmlToMarkdown(html.slice(0, PAGE_BYTES_MAX), { whole: true });
}

function writePage({ markdown, notes }: HtmlPage, sink: Sink, deeper = 0): void {
  sink.line(deeper === 0 ? markdown : deepen(markdown, deeper));
  for (const note of notes) sink.warn(note);
}

/** Headings of a part stand below the one of the part. Lines inside of fences are none. */
function deepen(markdown: string, levels: number): string {
  let fence: string | undefined;
  return markdown.split("\n").map((line) => {
    const mark = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
    }
    const match = fence === undefined ? /^(#{1,6}) /.exec(line) : null;
    if (match === null) return line;
    const level = Math.min(6, (match[1] ?? "").length + levels);
    return `${"#".repeat(level)}${line.slice((match[1] ?? "").length)}`;
  }).join("\n");
}

/** Text of a page: a byte order mark, then what the page states, then UTF-8 where it is valid. */
function decodeHtml(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 2_048)).toString("latin1");
  const stated = /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]{2,30})/i.exec(start)?.[1] ??
    /^<\?xml[^>]{0,100}encoding\s*=\s*["']([\w-]{2,30})/.exec(start)?.[1];
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return decoderOf(stated ?? "windows-1252").decode(bytes);
  }
}

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder("windows-1252");
  }
}

/** Reads a book (EPUB 3.3): its chapters in the order of its spine. */
export async function readEpub(zip: Zip, sink: Sink): Promise<void> {
  sink.unit = "chapter";
  await refuseProtected(zip);
  const { chapters, folder } = await readPackage(zip, sink);
  sink.total = chapters.length;
  for (const [index, target] of chapters.entries()) {
    await sink.drain();
    if (!sink.selection.wants(index + 1)) {
      sink.part(`Chapter ${index + 1}`);
      continue;
    }
    const bytes = await zip.bytes(resolveIn(folder, decodeName(target)));
    const html = bytes === undefined ? "" : decodeHtml(bytes);
    sink.part(`Chapter ${index + 1}`);
    if (bytes === undefined) sink.warn(`Chapter ${index + 1} ("${target}") is not inside the book.`);
    else writeHtml(html, sink, 2);
  }
}

/** Shops encrypt what they sell; fonts alone are encrypted in books that can be read. */
async function refuseProtected(zip: Zip): Promise<void> {
  let isProtected = zip.has("META-INF/rights.xml");
  await readPart(zip, "META-INF/encryption.xml", {
    open(name, attributes) {
      if (name === "CipherReference") isProtected ||= /\.x?html?$/i.test(attributes.get("URI") ?? "");
    },
  });
  if (!isProtected) return;
  throw new Unreadable(
    "it is protected against copying (DRM), so its text is encrypted",
    "Ask the person for a copy without protection.",
  );
}

async function readPackage(zip: Zip, sink: Sink): Promise<{ chapters: string[]; folder: string }> {
  let part = "";
  await readPart(zip, "META-INF/container.xml", {
    open: (name, attributes) => void (part ||= name === "rootfile" ? attributes.get("full-path") ?? "" : ""),
  });
  if (!zip.has(part)) {
    throw new Unreadable(
      "it is damaged (the list of its chapters is not inside)",
      "Ask for another copy of it.",
    );
  }
  const files = new Map<string, string>();
  const chapters: string[] = [];
  let element = "";
  let value = "";
  await readPart(zip, part, {
    open(name, attributes) {
      element = name;
      value = "";
      if (name === "item") files.set(attributes.get("id") ?? "", attributes.get("href") ?? "");
      else if (name === "itemref") chapters.push(files.get(attributes.get("idref") ?? "") ?? "");
    },
    text: (text) => void (value += text),
    close(name) {
      if (name !== element) return;
      if (name === "title") sink.property("title", value);
      else if (name === "creator") sink.property("author", value);
    },
  });
  return { chapters, folder: part.slice(0, part.lastIndexOf("/") + 1) };
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
