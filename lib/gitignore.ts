/**
 * `.gitignore` rules along a walk: those above the folder where it starts, and those it meets.
 * @module
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import createMatcher, { type Ignore } from "ignore";
import { ToolError } from "./errors.ts";
import type { Files, OpenFolder } from "./fs/types.ts";
import { IGNORE_FILE_BYTES_MAX } from "./limits.ts";
import { readAt } from "./lines.ts";

/**
 * The rules that hold inside a folder: one `.gitignore`, and below it those of the folders above. Undefined:
 * none. Paths are relative to one common folder, with `/` between components.
 */
export interface Rules {
  readonly matcher: Ignore;
  /** The folder of the `.gitignore`, with a `/` at the end unless it is empty. */
  readonly base: string;
  readonly above: Rules | undefined;
}

/** Whether git would ignore an entry (gitignore(5)): the innermost file that mentions it decides. */
export function isIgnored(rules: Rules | undefined, path: string, isFolder: boolean): boolean {
  for (let level = rules; level !== undefined; level = level.above) {
    const verdict = level.matcher.test(path.slice(level.base.length) + (isFolder ? "/" : ""));
    if (verdict.ignored || verdict.unignored) return verdict.ignored;
  }
  return false;
}

/**
 * The rules inside an open folder.
 * @param has Whether it has an entry of this name.
 * @param base Its path, as in {@link Rules.base}.
 * @param above The rules of the folder that holds it. A repository of its own (`.git`) starts afresh.
 */
export async function rulesInside(
  folder: OpenFolder,
  has: (name: string) => boolean,
  base: string,
  above: Rules | undefined,
): Promise<Rules | undefined> {
  const inherited = has(".git") ? undefined : above;
  if (!has(".gitignore")) return inherited;
  try {
    const source = await folder.withFile(".gitignore", async (file) => {
      return (await readAt(file, Buffer.allocUnsafe(IGNORE_FILE_BYTES_MAX), 0)).toString("utf8");
    });
    return { matcher: matcherOf(source), base, above: inherited };
  } catch {
    // A `.gitignore` that is a link, a folder or unreadable says nothing (git does not follow links here
    // either).
    return inherited;
  }
}

/**
 * The rules that hold for the entries of a folder because of the folders above it, up to the allowed one.
 * None when the folder itself is ignored: who asks for it directly wants to see it.
 * @param root The allowed folder;
 * @param components The way from it to the folder, innermost last.
 */
export async function rulesAbove(
  files: Files,
  root: string,
  components: readonly string[],
): Promise<Rules | undefined> {
  let rules: Rules | undefined;
  let base = "";
  let path = root;
  for (const component of components) {
    rules = await files.withFolder(path, async (folder) => {
      const present = new Set<string>();
      for (const name of [".git", ".gitignore"]) if (await exists(folder, name)) present.add(name);
      return await rulesInside(folder, (name) => present.has(name), base, rules);
    });
    if (isIgnored(rules, base + component, true)) return undefined;
    base += `${component}/`;
    path = join(path, component);
  }
  return rules;
}

async function exists(folder: OpenFolder, name: string): Promise<boolean> {
  try {
    await folder.info(name);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

/**
 * Patterns with many `**` are skipped: the library tries every way to spread folders over them, so a hostile
 * file could stall the server.
 */
function matcherOf(source: string): Ignore {
  const lines = source.replace(/^\ufeff/, "").split(/\r?\n/).filter((line) => line.split("**").length <= 4);
  return createMatcher({ allowRelativePaths: true, ignorecase: false }).add(lines);
}
