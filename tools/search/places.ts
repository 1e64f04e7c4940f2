/**
 * Where the search tools look, and how they name what they find.
 * @module
 */
import { join, relative, sep } from "node:path";
import { ToolError } from "../../lib/errors.ts";
import { count, counted } from "../../lib/format.ts";
import type { Root } from "../../lib/fs/types.ts";
import { SEARCH_MS_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import type { Outcome, Scope } from "../../lib/search/types.ts";
import type { Context } from "../../lib/tool.ts";

/** What to search: the path that was asked for, or every allowed folder that is not inside another one. */
export function scopes(path: string | undefined, { files, signal }: Context): Scope[] {
  // With no folder allowed, resolving any path says what to do about it.
  const paths = path === undefined ? outermost(files.roots) : [path];
  return (paths.length === 0 ? [files.resolve(".")] : paths).map((one) => ({ files, signal, path: one }));
}

function outermost(roots: readonly Root[]): string[] {
  const isBelow = (inner: string, outer: string) =>
    inner !== outer && inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  return roots.filter((root) => !roots.some((other) => isBelow(root.real, other.real))).map((root) =>
    root.given
  );
}

/** The absolute path of something that was found; empty means what was searched itself. */
export function pathOf({ path }: Scope, found: string): string {
  return found === "" ? path : join(path, ...found.split("/"));
}

/**
 * A path as it is shown, and as it can be sent back: relative to the allowed folder when there is only one.
 */
export function shownPath(path: string, { files }: Context): string {
  const [root] = files.roots;
  if (root === undefined || files.roots.length > 1) return showName(path);
  for (const top of [root.given, root.real]) {
    const below = relative(top, path);
    if (below !== "" && below !== ".." && !below.startsWith(`..${sep}`)) return showName(below);
  }
  return showName(path);
}

/** The searched places in a sentence: `in "/home/ada/notes"`. */
export function inPlaces(where: readonly Scope[]): string {
  return where.length === 1
    ? `in ${showName(where[0]?.path ?? "")}`
    : `in the ${where.length} allowed folders`;
}

/** What must be known about how a search went. */
export function outcomeNotes(outcomes: readonly Outcome[], max: number): string[] {
  const notes: string[] = [];
  if (outcomes.some(({ stopped }) => stopped === "max")) {
    notes.push(`Stopped at ${count(max)} matches: search with a longer pattern, a path or a glob.`);
  }
  if (outcomes.some(({ stopped }) => stopped === "time")) {
    notes.push(
      `Stopped after ${SEARCH_MS_MAX / 1_000} seconds: search one folder after the other with path.`,
    );
  }
  const unreadable = outcomes.reduce((sum, outcome) => sum + outcome.unreadable, 0);
  if (unreadable > 0) {
    notes.push(`${counted(unreadable, "file or folder", "files or folders")} could not be read.`);
  }
  if (outcomes.some(({ builtIn }) => builtIn)) {
    notes.push("The slower built-in search was used: ripgrep cannot be run on this machine.");
  }
  return notes;
}

/** Results so few that something may be missed. */
export const FEW = 3;

/** What every search leaves out. */
export const LEFT_OUT =
  "Left out: what .gitignore names, and .git, node_modules, caches. To search one of those, give it as path.";

/** The error for an offset behind the last match. */
export function offsetError(what: string, offset: number, total: number): ToolError {
  return new ToolError(
    `Cannot show ${what} from ${count(offset)} on: there are ${count(total)}`,
    `Use an offset from 1 to ${total}.`,
  );
}
