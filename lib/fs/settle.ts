/**
 * Names that look the same and are different letters: composed and decomposed accents (NFC and NFD), and the
 * odd spaces that macOS puts into the names of screenshots. What a model types is rarely the form the disk
 * has.
 * @module
 */
import { dirname, join } from "node:path";
import { ToolError } from "../errors.ts";
import { childInfo, entriesOf, withAnchor } from "./open.ts";
import { show } from "./roots.ts";
import type { Space } from "./space.ts";

/**
 * The path under the names that are on the disk: an exact name wins, a single equivalent is taken. What does
 * not exist in either form stays as it was asked.
 * @throws {ToolError} when two names on the disk are equivalent to one that was asked.
 */
export async function settle(path: string, space: Space): Promise<string> {
  // Plain ASCII without a space has one form only, and nearly every path is that.
  if (/^[!-~]*$/.test(path)) return path;
  const names: string[] = [];
  let folder = path;
  while (!space.roots.some((root) => root.real === folder || root.given === folder)) {
    const parent = dirname(folder);
    if (parent === folder) return path;
    names.unshift(folder.slice(parent.length).replace(/^[\\/]/, ""));
    folder = parent;
  }
  for (const [index, name] of names.entries()) {
    const found = await onDisk(folder, name, space);
    if (found === undefined) return join(folder, ...names.slice(index));
    folder = join(folder, found);
  }
  return folder;
}

/** The name an entry of a folder has; undefined when there is none, or when it cannot be looked at. */
async function onDisk(folder: string, name: string, space: Space): Promise<string | undefined> {
  try {
    return await withAnchor(folder, "look at", space, async (anchor) => {
      if (/^[!-~]*$/.test(name) || await childInfo(anchor, name) !== undefined) return name;
      const wanted = formOf(name);
      const same = (await entriesOf(anchor)).filter((entry) => formOf(entry.name) === wanted);
      if (same.length > 1) throw ambiguous(join(folder, name), same.map((entry) => entry.name));
      return same[0]?.name;
    });
  } catch (error) {
    if (error instanceof ToolError && error.message.includes("is ambiguous")) throw error;
    // Whatever is wrong with this folder is told by what is done with the path.
    return undefined;
  }
}

function formOf(name: string): string {
  return name.normalize("NFC").replace(/\p{Zs}/gu, " ");
}

/** Shows the letters that differ, which the names themselves do not. */
function ambiguous(path: string, names: readonly string[]): ToolError {
  const spelled = names.map((name) =>
    JSON.stringify(name).replace(/[^ -~]/g, (letter) => {
      return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
    })
  );
  return new ToolError(
    `The name "${show(path)}" is ambiguous: ${names.length} entries look like it`,
    `Send one of these, exactly: ${spelled.join(", ")}.`,
  );
}
