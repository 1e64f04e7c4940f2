/**
 * `find_files`: names.
 * @module
 */
import { z } from "zod";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted } from "../../lib/format.ts";
import { FIND_FILES_MAX, LIST_PAGE_DEFAULT } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { fitLines, text } from "../../lib/reply.ts";
import type { NamesFound } from "../../lib/search/types.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { FEW, inPlaces, LEFT_OUT, offsetError, outcomeNotes, pathOf, scopes, shownPath } from "./places.ts";

/** Names looked at together when a page is verified. */
const BATCH = 32;

export const findFiles: AnyTool = defineTool({
  name: "find_files",
  title: "Find files by name",
  description:
    "Finds files by name at any depth, also among 100,000s. A glob (*.ts, src/**/*.{md,txt}) matches " +
    "files. Plain text (budget) matches files and folders whose name contains it, or with a / files " +
    "whose path does. Capitals make it case-sensitive. Sorted by path. What files contain: search_text.",
  effect: "read",
  world: "closed",
  input: {
    pattern: z.string().describe("Glob, or part of a name"),
    path: z.string().optional().describe("Folder to search. Default: all allowed"),
    offset: z.int().min(1).optional().describe("First result, from 1"),
    limit: z.int().min(1).max(1_000).optional().describe(`Results. Default ${LIST_PAGE_DEFAULT}`),
  },
  paths: ["path"],
  async run(args, ctx) {
    const { pattern, offset = 1, limit = LIST_PAGE_DEFAULT } = args;
    const where = scopes(args.path, ctx);
    const keep = offset - 1 + limit;
    const found: NamesFound[] = [];
    const paths: string[] = [];
    for (const scope of where) {
      const names = await ctx.search.findNames({ pattern, keep, max: FIND_FILES_MAX }, scope);
      found.push(names);
      for (const name of names.names) paths.push(pathOf(scope, name) + (name.endsWith("/") ? "/" : ""));
    }
    const total = found.reduce((sum, one) => sum + one.total, 0);
    if (total === 0) {
      return text(
        nothing(pattern, inPlaces(where)),
        [LEFT_OUT, ...outcomeNotes(found, FIND_FILES_MAX)].join("\n"),
      );
    }
    if (offset > total) throw offsetError("results", offset, total);
    const page = fitLines(paths.slice(offset - 1, keep));
    const end = offset - 1 + page.length;
    const { lines, unnamed } = await verified(page, ctx);
    const notes = [...(total <= FEW ? [LEFT_OUT] : []), ...outcomeNotes(found, FIND_FILES_MAX)];
    if (unnamed > 0) {
      notes.unshift(`${counted(unnamed, "name")} not shown: not valid UTF-8, so no tool can open it.`);
    }
    if (end < total) {
      const next = JSON.stringify({ ...args, offset: end + 1 });
      notes.unshift(`Results ${count(end + 1)}-${count(total)} follow: find_files ${next}`);
    }
    const shown = offset > 1 || end < total ? `, ${count(offset)}-${count(end)} shown` : "";
    const title = `${counted(total, "result")} ${inPlaces(where)}${shown}:`;
    return text([title, ...lines].join("\n"), notes.length === 0 ? undefined : notes.join("\n"));
  },
});

function nothing(pattern: string, where: string): string {
  const hint = /[*?[{]/.test(pattern) || pattern.length < 5
    ? ""
    : "\nTry a shorter part of the name: names are compared letter by letter.";
  return `No file matches ${showName(pattern)} ${where}${hint}`;
}

/** The paths that are really there and inside, as they are shown. */
async function verified(
  paths: readonly string[],
  ctx: Context,
): Promise<{ lines: string[]; unnamed: number }> {
  const lines: string[] = [];
  let unnamed = 0;
  for (let start = 0; start < paths.length; start += BATCH) {
    throwIfAborted(ctx.signal);
    const batch = paths.slice(start, start + BATCH);
    const isThere = await Promise.all(batch.map((path) => exists(path, ctx)));
    for (const [index, path] of batch.entries()) {
      if (isThere[index] === true) lines.push(shown(path, ctx));
      else if (path.includes("\ufffd")) unnamed++;
    }
  }
  return { lines, unnamed };
}

function shown(path: string, ctx: Context): string {
  return path.endsWith("/") ? `${shownPath(path.slice(0, -1), ctx)}/` : shownPath(path, ctx);
}

async function exists(path: string, { files }: Context): Promise<boolean> {
  try {
    const { kind } = await files.info(path.replace(/\/$/, ""));
    return kind === (path.endsWith("/") ? "folder" : "file");
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}
