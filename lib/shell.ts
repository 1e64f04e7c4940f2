/**
 * Words for a shell that a person copies a command into.
 * @module
 */
import type { Host } from "./config/host.ts";

/** A word as the shell of the platform reads it back. */
export function shellWord(word: string, { platform }: Pick<Host, "platform">): string {
  if (/^[\w./\\:=@%+-]+$/.test(word) && (platform === "win32" || !word.includes("\\"))) return word;
  return platform === "win32" ? `"${word}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}
