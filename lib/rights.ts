/**
 * What gives a person the right to change a file or folder of their own.
 * @module
 */
import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { shellWord } from "./shell.ts";

/** The command after which this person may write at a path, or at the nearest one above it that exists. */
export function rightsCommand(path: string): string {
  const { at, stats } = nearest(path);
  const word = shellWord(at, process);
  if (process.platform === "win32") {
    return stats?.isDirectory()
      ? `icacls ${word} /grant "%USERNAME%:(OI)(CI)M"`
      : `attrib -R ${word} && icacls ${word} /grant "%USERNAME%:M"`;
  }
  // Something was run with sudo once, and what it made belongs to root.
  if (stats !== undefined && stats.uid !== process.getuid?.()) return `sudo chown -R "$(id -un)" ${word}`;
  return `chmod u+rw${stats?.isDirectory() ? "x" : ""} ${word}`;
}

function nearest(path: string): { readonly at: string; readonly stats: Stats | undefined } {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined || dirname(path) === path ? { at: path, stats } : nearest(dirname(path));
}
