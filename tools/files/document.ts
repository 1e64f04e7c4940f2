/**
 * Documents in replies: which files are read as documents, their Markdown, and their pages as images.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Format, Markdown, Source } from "../../lib/documents/types.ts";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted } from "../../lib/format.ts";
import type { OpenFile } from "../../lib/fs/types.ts";
import { showName } from "../../lib/names.ts";
import type { Part, Reply } from "../../lib/reply.ts";
import type { Context } from "../../lib/tool.ts";
import { type Asked, lookAsMarkdown, type Seen, type SeenText } from "./content.ts";

/** How a file can be read: as it is stored, as Markdown, or as pictures of its pages. */
export const FORMS = ["text", "markdown", "images"] as const;

/** How a call wants a file to be read. */
export interface Wish {
  readonly pages?: string;
  readonly as?: (typeof FORMS)[number];
}

/**
 * The format of a file that is to be read as a document; undefined: as it is stored.
 * @throws {ToolError} when pages are asked for of what has none.
 */
export function documentFormat(seen: Seen, { pages, as }: Wish, ctx: Context): Format | undefined {
  if (as === "text") return undefined;
  const format = ctx.documents.recognise(seen.head, seen.path);
  const isAsked = pages !== undefined || as === "images";
  if (format !== undefined) return format;
  if (!isAsked) return undefined;
  throw new ToolError(
    `Cannot read ${as === "images" ? "the pages" : "a part"} of "${showName(seen.path)}": it is no document`,
    "Leave out pages and as; lines of a text are chosen with offset and limit.",
  );
}

/**
 * Reads a document as Markdown, and of it the lines that are wanted. A text of which none can be made, or in
 * which there is nothing to read, is shown as it is, and why.
 * @param plain The same lines of the file as it is.
 */
export async function lookInside(
  file: OpenFile,
  plain: Seen,
  asked: Asked,
  chars: number,
  ctx: Context,
): Promise<Seen> {
  const format = ctx.documents.recognise(plain.head, plain.path);
  const source = plain.kind === "text" && format?.isText && asked.also?.pages === undefined
    ? plain
    : undefined;
  // A size of 0 is no proof of emptiness.
  if (source?.page.total === 0) return source;
  try {
    return await ctx.documents.withMarkdown({ file }, asked.also?.pages, ctx, async (markdown) => {
      if (markdown.lines === 0 && source !== undefined) {
        return asSource(source, markdown, "it has no readable text", markdown.warnings);
      }
      const seen = await lookAsMarkdown(markdown.file, markdown.lines, asked, chars, ctx);
      return { ...seen, head: Buffer.alloc(0), from: { title: titleOf(markdown), notes: markdown.warnings } };
    });
  } catch (error) {
    throwIfAborted(ctx.signal);
    if (source === undefined || format === undefined || !(error instanceof ToolError)) throw error;
    return asSource(source, { format }, "it cannot be made into Markdown", [error.message]);
  }
}

/** A text as it is, in place of its Markdown. */
function asSource(
  source: SeenText,
  { format }: Pick<Markdown, "format">,
  why: string,
  notes: readonly string[],
): Seen {
  return { ...source, from: { title: `${format.name}, its source because ${why}`, notes } };
}

/** `PDF document, 12 pages, title "Budget", as Markdown`. */
function titleOf({ format, unit, total, properties }: Markdown): string {
  const stated = ["title", "author"].flatMap((name) => {
    const value = properties[name];
    return value === undefined ? [] : [`${name} ${JSON.stringify(value)}`];
  });
  return [
    format.name,
    ...(total === undefined ? [] : [counted(total, unit, unit === "entry" ? "entries" : `${unit}s`)]),
    ...stated,
    // What is edited is its text, not the Markdown.
    format.isText ? 'as Markdown (its source: as "text")' : "as Markdown",
  ].join(", ");
}

/** Pages of a PDF as they look. */
export async function pageImages(file: OpenFile, pages: string | undefined, ctx: Context): Promise<Reply> {
  const { images, total } = await ctx.documents.pageImages({ file }, pages, ctx);
  const parts = images.flatMap(({ name, bytes, mimeType }): Part[] => [
    { type: "text", text: `${showName(file.path)}: ${name} of ${count(total)}` },
    { type: "image", bytes, mimeType },
  ]);
  const last = Number(/\d+$/.exec(images.at(-1)?.name ?? "")?.[0] ?? total);
  if (last >= total) return { parts };
  const next = JSON.stringify({ path: file.path, pages: `${last + 1}-${total}`, as: "images" });
  return { parts, more: `Pages from ${count(last + 1)} on: read_file ${next}` };
}

/** What `get_file_info` tells of a document: its kind, how long it is, and what it states about itself. */
export async function describeDocument(file: OpenFile, seen: Seen, ctx: Context): Promise<string[]> {
  const format = ctx.documents.recognise(seen.head, seen.path);
  if (format === undefined) return [];
  const source: Source = { file };
  try {
    const summary = await ctx.documents.summary(source, ctx);
    if (summary === undefined) return [`type: ${format.mimeType} (${format.name})`];
    const { format: exact, unit, total, properties } = summary;
    return [
      `type: ${exact.mimeType} (${exact.name})`,
      ...(total === undefined ? [] : [`${unit}s: ${count(total)}`]),
      ...Object.entries(properties).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    ];
  } catch (error) {
    throwIfAborted(ctx.signal);
    if (error instanceof ToolError) return [`type: ${format.mimeType} (${format.name})`];
    throw error;
  }
}
