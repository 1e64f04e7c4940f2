/**
 * What of a searched folder counts, decided by paths alone, the same for both engines.
 * @module
 */
import { relative, sep } from "node:path";
import { ToolError } from "../errors.ts";
import { isInside } from "../fs/roots.ts";
import type { OpenFolder } from "../fs/types.ts";
import { isIgnored, type Rules, rulesAbove, rulesInside } from "../gitignore.ts";
import { NOISE_FOLDERS } from "../noise.ts";
import type { Scope } from "./types.ts";

/** What was decided about a folder before it is searched. */
export interface Surroundings {
  /** The path from the allowed folder to this one, with `/` at the end unless it is empty. */
  readonly base: string;
  /**
   * The `.gitignore` rules of the folders above and, where there are any, its own, which may lift them.
   * Paths begin with {@link base}. Undefined when nothing above has any; ripgrep knows the rest by itself.
   */
  readonly rules: Rules | undefined;
  /** Whether noise folders are left out: not when the search starts inside one. */
  readonly skipsNoise: boolean;
}

/** Looks at the folders above the searched one, up to the allowed folder. */
export async function surroundings({ files, path }: Scope): Promise<Surroundings> {
  const [root] = files.roots.flatMap((one) => [one.given, one.real])
    .filter((folder) => isInside(path, folder))
    .sort((a, b) => a.length - b.length);
  const components = root === undefined || root === path ? [] : relative(root, path).split(sep);
  const base = components.map((name) => `${name}/`).join("");
  const skipsNoise = !components.some((name) => NOISE_FOLDERS.has(name));
  return { base, skipsNoise, rules: root === undefined ? undefined : await rulesOf() };

  async function rulesOf(): Promise<Rules | undefined> {
    try {
      const above = await rulesAbove(files, root ?? path, components);
      if (above === undefined) return undefined;
      return await files.withFolder(path, (folder) => rulesInside(folder, isRules, base, above));
    } catch (error) {
      // A folder above that cannot be listed says nothing.
      if (error instanceof ToolError) return undefined;
      throw error;
    }
  }
}

function isRules(name: string): boolean {
  return name === ".gitignore";
}

/** Whether what is found in a file may count: no folder above ignores it, and it may be read. */
export function countsText({ base, rules }: Surroundings, folder: OpenFolder): (path: string) => boolean {
  return (path) => !isIgnored(rules, base + path, false) && folder.mayRead(path);
}

/** Whether the path leads to a folder, and not to a file. @throws {ToolError} when there is neither. */
export async function isFolder({ files, path }: Scope): Promise<boolean> {
  const { kind } = await files.info(path);
  if (kind !== "link") return kind === "folder";
  try {
    return await files.withFolder(path, () => Promise.resolve(true));
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}
