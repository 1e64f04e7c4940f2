/**
 * Looking around: `list_directory` and `get_file_info`.
 * @module
 */
import { z } from "zod";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, localTimes, sizeText } from "../../lib/format.ts";
import type { Info } from "../../lib/fs/types.ts";
import { compileGlob } from "../../lib/glob.ts";
import { COUNT_BYTES_MAX, LIST_DEPTH_MAX, LIST_PAGE_DEFAULT } from "../../lib/limits.ts";
import { textMimeType } from "../../lib/media.ts";
import { showName } from "../../lib/names.ts";
import { type Reply, text } from "../../lib/reply.ts";
import { describeForm, describeLineEnding } from "../../lib/text.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { look, type Seen } from "./content.ts";
import { describeDocument } from "./document.ts";
import { listFolder } from "./listing.ts";

const listDirectory = defineTool({
  name: "list_directory",
  title: "List a folder",
  description:
    "Lists what is in a folder: names, sizes, links with their targets. Deeper listings are a tree " +
    "without what .gitignore names and without the insides of .git, node_modules and the like; they say " +
    "what is missing. What is newest or largest in a tree: sort together with depth. Files by name " +
    "anywhere: find_files.",
  effect: "read",
  world: "closed",
  input: {
    path: z.string().optional().describe("The folder. Left out: the allowed folders"),
    depth: z.int().min(1).max(LIST_DEPTH_MAX).optional().describe("Levels to show. Default 1"),
    pattern: z.string().optional().describe(
      'Only names that match, such as "*.pdf" or "src/**/*.ts"; case is ignored',
    ),
    sort: z.enum(["name", "size", "modified"]).optional().describe(
      "size: largest first; modified: newest first",
    ),
    offset: z.int().optional().describe("First entry, from 1"),
    limit: z.int().min(1).max(1_000).optional().describe(`Entries to return. Default ${LIST_PAGE_DEFAULT}`),
  },
  paths: ["path"],
  async run(args, ctx) {
    const path = args.path ?? onlyRoot(ctx);
    if (path === undefined) return listRoots(ctx);
    const { pattern, sort = "name", limit = LIST_PAGE_DEFAULT } = args;
    // A pattern with folders in it asks for them.
    const depth = args.depth ?? (pattern?.includes("/") ? LIST_DEPTH_MAX : 1);
    const wish = {
      depth,
      sort,
      limit,
      offset: Math.max(1, args.offset ?? 1),
      ...(pattern === undefined ? {} : { glob: compileGlob(pattern, { ignoreCase: true }) }),
    };
    const listing = await listFolder(path, wish, ctx);
    const notes = [...listing.notes];
    if (listing.next !== undefined) {
      const call = JSON.stringify({ ...args, path, offset: listing.next });
      notes.unshift(`Entries ${count(listing.next)}-${count(listing.total)} follow: list_directory ${call}`);
    }
    if (listing.total === 0 && pattern !== undefined) {
      const where = depth === 1 ? "Only this folder was looked at: set depth" : "Check the pattern";
      notes.unshift(`No name matches "${showName(pattern)}". ${where}, or use find_files.`);
    }
    return text(
      [listing.title, ...listing.lines].join("\n"),
      notes.length === 0 ? undefined : notes.join("\n"),
    );
  },
});

const getFileInfo = defineTool({
  name: "get_file_info",
  title: "Look at a file or folder",
  description:
    "Says what is known of a file, folder or link without reading it out: kind, size, times, permissions, " +
    "and for text its lines, encoding and line endings. Links are not followed.",
  effect: "read",
  world: "closed",
  input: { path: z.string().describe("The file, folder or link") },
  paths: ["path"],
  async run({ path }, ctx) {
    const info = await ctx.files.info(path);
    const time = localTimes(ctx.timeZone);
    const lines = [
      showName(path),
      `kind: ${info.kind === "other" ? "pipe, socket or device" : info.kind}`,
      ...(info.target === undefined ? [] : [`target: ${showName(info.target)}`]),
      ...(info.kind === "file"
        ? [`size: ${count(info.size)} bytes${info.size < 1_000 ? "" : ` (${sizeText(info.size)})`}`]
        : []),
      ...await insideOf(path, info, ctx),
      `modified: ${time(info.modified)}`,
      `created: ${time(info.created)}`,
      `accessed: ${time(info.accessed)}`,
      ...(info.kind === "link"
        ? []
        : [`permissions: ${info.mode.toString(8).padStart(3, "0")} (${permissions(info.mode)})`]),
      ...(info.kind === "file" && info.links > 1 ? [`hard links: ${count(info.links)}`] : []),
    ];
    return text(lines.join("\n"));
  },
});

/** The tools of this file. */
export const listTools: readonly AnyTool[] = [listDirectory, getFileInfo];

/** The only allowed folder; undefined when there are several. @throws {ToolError} when there is none. */
function onlyRoot({ files }: Context): string | undefined {
  if (files.roots.length === 0) return files.resolve(".");
  return files.roots.length === 1 ? files.roots[0]?.given : undefined;
}

function listRoots({ files }: Context): Reply {
  const lines = files.roots.map((root) => `${showName(root.given)}/${root.readOnly ? " (read-only)" : ""}`);
  return text([`${count(lines.length)} folders are allowed:`, ...lines].join("\n"));
}

/** What the contents tell: of a folder how many entries, of a file what it holds. */
async function insideOf(path: string, info: Info, ctx: Context): Promise<string[]> {
  if (info.kind !== "file" && info.kind !== "folder") return [];
  try {
    if (info.kind === "folder") {
      const entries = await ctx.files.withFolder(path, (folder) => folder.entries());
      return [`entries: ${count(entries.length)}`];
    }
    // Looking for a line behind the last one counts them.
    const asked = info.size <= COUNT_BYTES_MAX ? { offset: Infinity } : { offset: 1, limit: 1 };
    return await ctx.files.withFile(path, async (file) => {
      const seen = await look(file, asked, 1_000, ctx);
      const document = seen.kind === "bytes" ? await describeDocument(file, seen, ctx) : [];
      return document.length > 0 ? document : describe(seen);
    });
  } catch (error) {
    throwIfAborted(ctx.signal);
    if (error instanceof ToolError) return [`contents: ${error.message}`];
    throw error;
  }
}

function describe(seen: Seen): string[] {
  if (seen.kind === "bytes") {
    return [`type: ${seen.type === undefined ? "binary" : `${seen.type.mimeType} (${seen.type.name})`}`];
  }
  const { form, page } = seen;
  return [
    `type: ${textMimeType(seen.path)}`,
    ...(page.total === undefined ? [] : [`lines: ${count(page.total)}`]),
    `encoding: ${describeForm(form)}`,
    ...(page.ending === "none" ? [] : [`line endings: ${describeLineEnding(page.ending)}`]),
  ];
}

/** The nine permission letters of POSIX `ls -l`. */
function permissions(mode: number): string {
  return Array.from("rwxrwxrwx", (letter, index) => (mode & (0o400 >> index)) === 0 ? "-" : letter).join("");
}
