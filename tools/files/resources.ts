/**
 * Allowed folders and their files as resources, under `file:` URLs (RFC 8089).
 * @module
 */
import { Buffer } from "node:buffer";
import { basename, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { sizeText } from "../../lib/format.ts";
import type { OpenFile, OpenFolder, Root } from "../../lib/fs/types.ts";
import { LIST_PAGE_DEFAULT, MEDIA_BYTES_MAX, REPLY_BYTES_MAX, RESOURCES_PAGE } from "../../lib/limits.ts";
import { readAt } from "../../lib/lines.ts";
import { promisedMimeType, sniff, textMimeType } from "../../lib/media.ts";
import { showName } from "../../lib/names.ts";
import { decode } from "../../lib/text.ts";
import type { Context, Resource, ResourceContents, ResourceProvider } from "../../lib/tool.ts";
import { completePath } from "./complete.ts";
import { listFolder } from "./listing.ts";

/** Bytes kept free in a result for everything around the contents. */
const ENVELOPE_BYTES = 10_000;

/** The allowed folders first, then the files directly in them; every other file by its URL. */
export const fileResources: ResourceProvider = {
  templates: [{
    uriTemplate: "file:///{+path}",
    name: "file",
    title: "File or folder",
    description: "Any file or folder inside the allowed folders, by its absolute path",
    async complete(variable, value, ctx) {
      if (variable !== "path") return [];
      return (await completePath(fromVariable(value), "all", ctx)).map(toVariable);
    },
  }],
  list,
  async read(uri, ctx) {
    if (!/^file:/i.test(uri)) return undefined;
    // In a file: URL "?" and "#" can only be parts of names that were not encoded.
    const path = ctx.files.resolve(uri.replace(/[?#]/g, encodeURIComponent));
    const { kind } = await ctx.files.info(path);
    const isFolder = kind === "folder" || (kind === "link" && uri.endsWith("/"));
    if (!isFolder) return [{ uri, ...await ctx.files.withFile(path, contentsOf) }];
    return [{ uri, mimeType: "text/plain", text: await folderText(path, ctx) }];
  },
};

/**
 * One page of resources. The cursor is `root.entry`: the position of an allowed folder and of a file in it.
 */
async function list(
  cursor: string | undefined,
  ctx: Context,
): Promise<{ resources: Resource[]; next?: string }> {
  const { roots } = ctx.files;
  const [firstRoot, firstFile] = cursor === undefined ? [0, 0] : readCursor(cursor, roots.length);
  const resources = cursor === undefined ? roots.map(rootResource) : [];
  for (const [index, root] of roots.entries()) {
    if (index < firstRoot) continue;
    throwIfAborted(ctx.signal);
    const from = index === firstRoot ? firstFile : 0;
    const room = Math.max(0, RESOURCES_PAGE - resources.length);
    const { page, total } = await filesOf(root, from, room, ctx);
    resources.push(...page);
    if (from + page.length < total) return { resources, next: `${index}.${from + page.length}` };
  }
  return { resources };
}

function readCursor(cursor: string, roots: number): [number, number] {
  const [, root, file] = /^(\d{1,6})\.(\d{1,9})$/.exec(cursor) ?? [];
  if (root === undefined || file === undefined || Number(root) >= roots) {
    throw new ToolError(
      `Invalid cursor "${cursor.slice(0, 100)}"`,
      "Pass the nextCursor of the page before, or no cursor for the first page.",
    );
  }
  return [Number(root), Number(file)];
}

function rootResource(root: Root): Resource {
  return {
    uri: uriOf(root.given, true),
    name: showName(basename(root.given) || root.given),
    title: showName(root.given),
    description: root.readOnly ? "Allowed folder, for reading only" : "Allowed folder",
    mimeType: "inode/directory",
  };
}

/** Some of the files directly in an allowed folder; none when it cannot be listed now. */
async function filesOf(root: Root, from: number, count: number, ctx: Context) {
  try {
    return await ctx.files.withFolder(root.given, async (folder) => {
      const names = (await folder.entries()).filter((entry) => entry.kind === "file").map((entry) =>
        entry.name
      );
      const wanted = names.slice(from, from + count);
      return {
        page: await Promise.all(wanted.map((name) => fileResource(folder, root, name))),
        total: names.length,
      };
    });
  } catch (error) {
    if (error instanceof ToolError) return { page: [], total: 0 };
    throw error;
  }
}

async function fileResource(folder: OpenFolder, root: Root, name: string): Promise<Resource> {
  const size = await folder.info(name).then((info) => info.size, () => undefined);
  const mimeType = promisedMimeType(name);
  return {
    uri: uriOf(join(root.given, name), false),
    name: showName(name),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(size === undefined ? {} : { size }),
  };
}

/** A file whole: as text where it is text, else as bytes. */
async function contentsOf(file: OpenFile): Promise<Omit<ResourceContents, "uri">> {
  const { path, info: { size } } = file;
  const textMax = REPLY_BYTES_MAX - ENVELOPE_BYTES;
  if (size > textMax) throw tooLarge(path, size, "Use read_file, which reads text in pages.");
  const bytes = await readAt(file, Buffer.allocUnsafe(size === 0 ? textMax : size), 0);
  const text = decode(bytes)?.text;
  if (text === undefined) {
    if (bytes.length > MEDIA_BYTES_MAX) {
      throw tooLarge(path, size, "Ask the person for a smaller copy of it.");
    }
    return { mimeType: sniff(bytes)?.mimeType ?? "application/octet-stream", bytes };
  }
  // JSON escapes and UTF-8 make a text longer on the wire than it is on disk.
  if (Buffer.byteLength(JSON.stringify(text)) > textMax) {
    throw tooLarge(path, size, "Use read_file, which reads text in pages.");
  }
  return { mimeType: textMimeType(path), text };
}

function tooLarge(path: string, size: number, next: string): ToolError {
  return new ToolError(
    `Cannot read "${showName(path)}" as a resource: ${sizeText(size)} do not fit into one reply`,
    next,
  );
}

async function folderText(path: string, ctx: Context): Promise<string> {
  const wish = { depth: 1, sort: "name", offset: 1, limit: LIST_PAGE_DEFAULT } as const;
  const { title, lines, next } = await listFolder(path, wish, ctx);
  const more = next === undefined
    ? []
    : [`There is more: list_directory ${JSON.stringify({ path, offset: next })}`];
  return [title, ...lines, ...more].join("\n");
}

function uriOf(path: string, isFolder: boolean): string {
  const { href } = pathToFileURL(path);
  return isFolder && !href.endsWith("/") ? `${href}/` : href;
}

/**
 * A path as a value of `{+path}`: without the slash that the template has, and with those characters encoded
 * that reserved expansion (RFC 6570, section 3.2.3) would let through with another meaning.
 */
function toVariable(path: string): string {
  return path.split(sep).join("/").replace(/^\//, "").replace(/[%?#]/g, encodeURIComponent);
}

/** The path that a typed value means, encoded or not. */
function fromVariable(value: string): string {
  let path = value;
  try {
    path = decodeURIComponent(value);
  } catch {
    // A lone "%" is a character of the name.
  }
  if (path === "") return "";
  const native = path.split("/").join(sep);
  return sep === "\\" || native.startsWith(sep) ? native : sep + native;
}
