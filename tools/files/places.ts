/**
 * What the tools that write and move need to know of a place before they do.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import type { Files, Info } from "../../lib/fs/types.ts";
import { showName } from "../../lib/names.ts";

/**
 * What is at a path, links not followed; undefined when there is nothing, or nothing that may be looked at.
 * In the second case the operation itself fails and says why.
 */
export async function infoIfAny(path: string, files: Files): Promise<Info | undefined> {
  try {
    return await files.info(path);
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

/** A line that names the folders which had to be made on the way; empty when there were none. */
export function createdFolders(folders: readonly string[]): string {
  if (folders.length === 0) return "";
  return `\nCreated on the way: ${folders.map((folder) => showName(folder)).join(", ")}`;
}
