/**
 * Looking around for repositories in the allowed folders.
 * @module
 */
import { join } from "node:path";
import { throwIfAborted, ToolError } from "../errors.ts";
import type { Files, OpenFolder } from "../fs/types.ts";
import { GIT_DISCOVER_DEPTH_MAX, GIT_DISCOVER_FOLDERS_MAX, GIT_REPOSITORIES_MAX } from "../limits.ts";
import { NOISE_FOLDERS } from "../noise.ts";
import type { FoundRepository } from "./types.ts";

/** Repositories, the ones near the allowed folders first. Those inside another one are not looked for. */
export async function discover(files: Files, signal: AbortSignal): Promise<FoundRepository[]> {
  const found: FoundRepository[] = [];
  let level = files.roots.map((root) => root.given);
  let looked = 0;
  for (let depth = 0; depth <= GIT_DISCOVER_DEPTH_MAX && level.length > 0; depth++) {
    const next: string[] = [];
    for (const path of level) {
      throwIfAborted(signal);
      if (++looked > GIT_DISCOVER_FOLDERS_MAX || found.length >= GIT_REPOSITORIES_MAX) return found;
      const { repository, folders } = await lookInto(path, files);
      if (repository !== undefined) found.push(repository);
      else next.push(...folders);
    }
    level = next;
  }
  return found;
}

/** What a folder is: a repository, or folders to look into. */
async function lookInto(path: string, files: Files) {
  try {
    return await files.withFolder(path, (folder) => lookAt(folder, path));
  } catch (error) {
    if (error instanceof ToolError) return { folders: [] };
    throw error;
  }
}

async function lookAt(folder: OpenFolder, path: string) {
  const entries = await folder.entries();
  const names = new Set(entries.map((entry) => entry.name));
  if (names.has(".git")) return { repository: { path, bare: false }, folders: [] };
  const isBare = ["HEAD", "objects", "refs", "config"].every((name) => names.has(name));
  if (isBare) return { repository: { path, bare: true }, folders: [] };
  const folders = entries.filter(({ kind, name }) =>
    kind === "folder" && !NOISE_FOLDERS.has(name) && (!name.startsWith(".") || name === ".config")
  );
  return { folders: folders.map(({ name }) => join(path, name)) };
}
