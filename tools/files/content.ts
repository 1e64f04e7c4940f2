/**
 * What is in a file, as a reply shows it: the wanted lines of a text, or what kind of bytes these are.
 * @module
 */
import { Buffer } from "node:buffer";
import { ToolError } from "../../lib/errors.ts";
import { count, counted, sizeText } from "../../lib/format.ts";
import type { OpenFile } from "../../lib/fs/types.ts";
import {
  LINE_CHARS_MAX,
  READ_CHUNK_BYTES,
  READ_LINES_DEFAULT,
  READ_WHOLE_BYTES_MAX,
} from "../../lib/limits.ts";
import {
  layoutOf,
  type Line,
  type Page,
  pageOf,
  readAt,
  readLastLines,
  readLines,
  type Watch,
} from "../../lib/lines.ts";
import { type MediaType, sniff } from "../../lib/media.ts";
import { showName } from "../../lib/names.ts";
import { decodeAs, describeForm, describeLineEnding, detect, type Form } from "../../lib/text.ts";

/** Which lines of a file are wanted. */
export interface Asked {
  /** From 1; negative counts from the end. */
  readonly offset: number;
  /** Undefined: as many as a reply takes. */
  readonly limit?: number;
  /** Other arguments that a call which continues must repeat. */
  readonly also?: Readonly<Record<string, string | undefined>>;
}

/** A file after its bytes were looked at. */
export type Seen = SeenText | SeenBytes;

/** Lines of a text. */
export interface SeenText {
  readonly kind: "text";
  readonly path: string;
  readonly size: number;
  readonly form: Form;
  readonly page: Page;
  /** The whole text, when the page holds all its lines. */
  readonly whole?: string;
  /** The first bytes, from which its kind can be told. */
  readonly head: Buffer;
  /** What stands behind its name when it is not the text of the file itself, and what must be said of it. */
  readonly from?: { readonly title: string; readonly notes: readonly string[] };
}

/** A file that is not text. */
export interface SeenBytes {
  readonly kind: "bytes";
  readonly path: string;
  readonly size: number;
  readonly type: MediaType | undefined;
  /** The beginning; the whole file up to READ_WHOLE_BYTES_MAX bytes. */
  readonly head: Buffer;
}

/** A text as it is shown, and what was left out with the call that gets it. */
export interface Shown {
  readonly text: string;
  readonly more?: string;
}

/**
 * Looks at an open file. Small files are read in one go; of large ones only what is needed.
 * @param chars Characters that will be shown at most.
 */
export async function look(file: OpenFile, asked: Asked, chars: number, watch: Watch): Promise<Seen> {
  const { path, info: { size } } = file;
  const isSmall = size <= READ_WHOLE_BYTES_MAX;
  // A size of 0 is no proof of emptiness: some file systems state no sizes.
  const buffer = Buffer.allocUnsafe(isSmall && size > 0 ? size : READ_CHUNK_BYTES);
  const head = await readAt(file, buffer, 0);
  let form = detect(head, !isSmall);
  const type = form === undefined ? sniff(head) : undefined;
  if (form === undefined && type === undefined && !isSmall && asked.offset < 0) form = await formOfEnd(file);
  if (form === undefined) return { kind: "bytes", path, size, type, head };
  if (isSmall) return { kind: "text", path, size, form, head, ...smallPage(head, form, asked) };
  return {
    kind: "text",
    path,
    size,
    form,
    head,
    page: await largePage(file, form, head, asked, chars, watch),
  };
}

async function largePage(
  file: OpenFile,
  form: Form,
  head: Buffer,
  asked: Asked,
  chars: number,
  watch: Watch,
): Promise<Page> {
  const layout = layoutOf(form, head);
  const limit = asked.limit ?? READ_LINES_DEFAULT;
  return asked.offset < 0
    ? await readLastLines(file, layout, -asked.offset, { count: asked.limit ?? -asked.offset, chars }, watch)
    : await readLines(file, layout, Math.max(1, asked.offset), { count: limit, chars }, watch);
}

/**
 * Shows the lines of a text in at most about `chars` characters.
 * @param titled Whether the path always stands above.
 */
export function showText(seen: SeenText, asked: Asked, chars: number, titled: boolean): Shown {
  const { page, form, whole } = seen;
  const plain = seen.from === undefined && form.encoding === "utf-8" && !form.bom &&
    (page.ending === "\n" || page.ending === "none");
  if (whole !== undefined && whole.length <= chars && plain && !titled) {
    return { text: whole === "" ? `${showName(seen.path)}: empty file` : whole };
  }
  refuseMissing(seen, asked);
  const toEnd = asked.offset < 0 && (asked.limit ?? Infinity) >= -asked.offset;
  const fitted = fit(page.lines, chars, toEnd);
  const body = fitted.lines.join("\n");
  const more = [
    ...seen.from?.notes ?? [],
    left(seen, asked, fitted, toEnd),
    cutLines(seen, asked, toEnd ? -page.lines.length : asked.offset, fitted, chars),
  ].filter((sentence) => sentence !== "").join("\n");
  return { text: `${title(seen, asked, fitted)}\n${body}`, ...(more === "" ? {} : { more }) };
}

/** Says what a file is that cannot be shown as text, with its first bytes. */
export function describeBytes({ path, size, type, head }: SeenBytes): string {
  const what = `${showName(path)}: ${type?.name ?? "binary data"}, ${sizeText(size)}`;
  return `${what}\nIt is not text. It begins with:\n${hexDump(head.subarray(0, 64))}`;
}

/** What reads as one call: `read_file {"path":"/a","offset":201}`. */
function readCall(path: string, { also }: Asked, offset: number, limit?: number): string {
  return `read_file ${JSON.stringify({ path, ...also, offset, limit })}`;
}

/** Looks at a text of which it is known that it is UTF-8 with line feeds, and how many lines it has. */
export async function lookAsMarkdown(
  file: OpenFile,
  total: number,
  asked: Asked,
  chars: number,
  watch: Watch,
): Promise<Omit<SeenText, "head">> {
  const { path, info: { size } } = file;
  const form: Form = { encoding: "utf-8", bom: false };
  const offset = asked.offset < 0 ? Math.max(1, total + asked.offset + 1) : asked.offset;
  const limit = asked.limit ?? (asked.offset < 0 ? -asked.offset : undefined);
  const page = await largePage(file, form, Buffer.alloc(0), { offset, limit }, chars, watch);
  return { kind: "text", path, size, form, page: { ...page, total } };
}

/** The form of a large file by its end: a file that starts with a hole of NULs can still end in text. */
async function formOfEnd(file: OpenFile): Promise<Form | undefined> {
  const buffer = Buffer.allocUnsafe(READ_CHUNK_BYTES);
  const end = await readAt(file, buffer, file.info.size - buffer.length);
  const text = end.subarray(end.lastIndexOf(0) + 1);
  // The first bytes may continue a character (10xxxxxx in UTF-8) of which the beginning was not fetched.
  const start = text.findIndex((byte) => (byte & 0xc0) !== 0x80);
  return text.length === 0 || start === -1 || start > 3 ? undefined : detect(text.subarray(start));
}

function smallPage(bytes: Buffer, form: Form, { offset, limit }: Asked): { page: Page; whole?: string } {
  const decoded = decodeAs(bytes, form.encoding);
  const text = form.bom ? decoded.slice(1) : decoded;
  const total = offset < 0 ? pageOf(text, 1, 0).total ?? 0 : 0;
  const first = offset < 0 ? Math.max(1, total + offset + 1) : Math.max(1, offset);
  const page = pageOf(text, first, limit ?? (offset < 0 ? -offset : READ_LINES_DEFAULT));
  return first === 1 && !page.more ? { page, whole: text } : { page };
}

function refuseMissing({ path, page, size }: SeenText, { offset }: Asked): void {
  if (page.lines.length > 0) return;
  const name = showName(path);
  if (page.stoppedAfter !== undefined) {
    throw new ToolError(
      offset < 0
        ? `Cannot find the last ${counted(-offset, "line")} of "${name}": they start too far from its end`
        : `Cannot find line ${count(offset)} of "${name}": it is beyond line ${
          count(page.stoppedAfter)
        }, where the search stopped`,
      offset < 0
        ? "Ask for fewer lines (offset -10), or use search_text to find a place in it."
        : `The file has ${
          sizeText(size)
        }. Count from the end with a negative offset, or use search_text to find the place.`,
    );
  }
  const total = page.total ?? 0;
  if (total === 0) return;
  throw new ToolError(
    `Cannot read line ${count(offset)} of "${name}": it has ${counted(total, "line")}`,
    `Use an offset from 1 to ${total}, or a negative one to count from the end.`,
  );
}

/** The lines that are shown: a run of those read. */
interface Fitted {
  readonly lines: readonly string[];
  /** Index of the first one among those read. */
  readonly from: number;
  /** Indexes, among those read, of lines that are shown in part. */
  readonly cut: readonly number[];
}

/**
 * The lines that fit into `chars` characters: whole where possible, else long ones are cut so that more of
 * them fit. A single line may fill everything.
 */
function fit(lines: readonly Line[], chars: number, keepLast: boolean): Fitted {
  const all = lines.reduce((sum, line) => sum + line.text.length + 1, 0);
  const lineMax = all <= chars || lines.length === 1 ? chars : Math.min(chars, LINE_CHARS_MAX);
  const shown: string[] = [];
  const cut: number[] = [];
  let used = 0;
  for (let step = 0; step < lines.length; step++) {
    const index = keepLast ? lines.length - 1 - step : step;
    const line = lines[index];
    if (line === undefined) break;
    const text = cutLine(line, lineMax);
    used += text.length + 1;
    // A first line is always taken; its note may go a little beyond.
    if (step > 0 && used > chars) break;
    shown.push(text);
    if (text !== line.text) cut.push(index);
  }
  if (!keepLast) return { lines: shown, from: 0, cut };
  return { lines: shown.reverse(), from: lines.length - shown.length, cut: cut.reverse() };
}

function cutLine({ text, dropped }: Line, max: number): string {
  if (text.length <= max && dropped === 0) return text;
  // Half of a surrogate pair would be shown as garbage.
  const end = /[\ud800-\udbff]/.test(text.charAt(max - 1)) ? max - 1 : max;
  const missing = dropped === 0
    ? counted(text.length - end, "character")
    : `about ${sizeText(dropped + text.length - end)}`;
  return `${text.slice(0, end)} [+${missing}]`;
}

function title(seen: SeenText, asked: Asked, fitted: Fitted): string {
  const { page, form } = seen;
  const unusual = [
    ...(form.encoding === "utf-8" && !form.bom ? [] : [describeForm(form)]),
    ...(page.ending === "\n" || page.ending === "none"
      ? []
      : [`${describeLineEnding(page.ending)} line endings`]),
  ];
  const place = (seen.from === undefined ? "" : `${seen.from.title}, `) + placeOf(seen, asked, fitted);
  return `${showName(seen.path)}: ${place}${unusual.length === 0 ? "" : ` (${unusual.join(", ")})`}`;
}

/** Which part of the file is shown: `lines 1-200 of 1,234`. */
function placeOf({ page, size }: SeenText, asked: Asked, { lines, from }: Fitted): string {
  if (page.total === 0) return "empty file";
  if (page.first === undefined) {
    if (!page.more) return `the last ${counted(lines.length, "line")} of a file of ${sizeText(size)}`;
    return `${counted(lines.length, "line")} from offset ${asked.offset} on, of a file of ${sizeText(size)}`;
  }
  if (page.total === lines.length) return counted(page.total, "line");
  const first = page.first + from;
  const last = first + lines.length - 1;
  const range = first === last ? `line ${count(first)}` : `lines ${count(first)}-${count(last)}`;
  return `${range} of ${page.total === undefined ? `a file of ${sizeText(size)}` : count(page.total)}`;
}

/** Which lines were left out, and the call that gets them. */
function left({ path, page }: SeenText, asked: Asked, { lines, from }: Fitted, toEnd: boolean): string {
  if (toEnd) {
    if (page.first === undefined) {
      const missing = -asked.offset - lines.length;
      return missing <= 0 ? "" : `Earlier ones: ${readCall(path, asked, asked.offset, missing)}`;
    }
    return from === 0 ? "" : `Earlier ones: ${readCall(path, asked, page.first, from)}`;
  }
  const unshown = page.lines.length - lines.length;
  if (unshown === 0 && !page.more) return "";
  const limit = asked.limit === undefined || unshown === 0 ? asked.limit : asked.limit - lines.length;
  if (page.first === undefined) {
    return `The next ones: ${readCall(path, asked, asked.offset + lines.length, limit)}`;
  }
  const next = page.first + lines.length;
  const which = page.total === undefined
    ? "The next ones"
    : `Lines ${count(next)}-${count(page.total)} follow`;
  return `${which}: ${readCall(path, asked, next, limit)}`;
}

/** Which lines were cut, and how to see more of them. */
function cutLines(
  { path, page }: SeenText,
  asked: Asked,
  offset: number,
  { cut }: Fitted,
  chars: number,
): string {
  const [index] = cut;
  if (index === undefined) return "";
  if (page.lines.length === 1) {
    return "The rest of this line does not fit into a reply; search_text finds text in it.";
  }
  const which = cut.length === 1 ? "One line is cut" : `${count(cut.length)} lines are cut`;
  return `${which}. Up to ${count(chars)} characters of one: ${
    readCall(path, asked, (page.first ?? offset) + index, 1)
  }`;
}

function hexDump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16));
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".").join("");
    rows.push(`${hex.padEnd(47)}  ${letters}`);
  }
  return rows.join("\n");
}
