/**
 * Completion of paths: what is really there, inside the allowed folders.
 * @module
 */
import { isAbsolute, sep } from "node:path";
import { ToolError } from "../../lib/errors.ts";
import { COMPLETIONS_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import type { Context } from "../../lib/tool.ts";

/**
 * The absolute paths that what was typed can become: allowed folders, and entries of the folder typed so far.
 * Case is ignored. Folders end with a separator, so that typing can go on. At most COMPLETIONS_MAX.
 * @param typed An absolute path or its beginning; or one relative to any allowed folder.
 */
export async function completePath(
  typed: string,
  wanted: "all" | "folders",
  ctx: Context,
): Promise<string[]> {
  const roots = ctx.files.roots.map((root) => root.given.endsWith(sep) ? root.given : root.given + sep);
  const found = new Set<string>();
  for (const path of isAbsolute(typed) || typed === "" ? [typed] : roots.map((root) => root + typed)) {
    for (const root of roots) if (root !== path && startsWith(root, path)) found.add(root);
    for (const entry of await entriesBelow(path, wanted, ctx)) found.add(entry);
  }
  return [...found].slice(0, COMPLETIONS_MAX);
}

/** The entries of the folder that `path` names up to its last separator, as far as they continue it. */
async function entriesBelow(path: string, wanted: "all" | "folders", ctx: Context): Promise<string[]> {
  const folder = path.slice(0, path.lastIndexOf(sep) + 1);
  if (folder === "") return [];
  const typed = path.slice(folder.length);
  try {
    const entries = await ctx.files.withFolder(ctx.files.resolve(folder), (open) => open.entries());
    return entries
      .filter(({ kind }) => kind === "folder" || (wanted === "all" && kind !== "other"))
      // A name that would have to be escaped cannot be offered as something to type.
      .filter(({ name }) => startsWith(name, typed) && showName(name) === name)
      .map(({ name, kind }) => folder + name + (kind === "folder" ? sep : ""));
  } catch (error) {
    // Outside, missing or unreadable: nothing can be offered, which is no error while typing.
    if (error instanceof ToolError) return [];
    throw error;
  }
}

function startsWith(name: string, typed: string): boolean {
  return name.toLowerCase().startsWith(typed.toLowerCase());
}
