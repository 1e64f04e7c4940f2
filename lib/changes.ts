/**
 * A recorded change in one line, for the tools and the command line.
 * @module
 */
import { counted, localTime, sizeText } from "./format.ts";
import type { ChangeEntry } from "./fs/types.ts";
import { showName } from "./names.ts";

/**
 * `12  2026-11-22T10:49:07+01:00  write notes.txt (900 B -> 1.2 kB, undone by 13)`, and of another program
 * `14  2026-11-22T10:52:31+01:00  git_branch switch main: 12 files in /home/ada/project`.
 */
export function describeChange(change: ChangeEntry, timeZone: string): string {
  const { id, at, action, path, destination, undoes, undoneBy, status, title, entries } = change;
  const where = destination === undefined ? showName(path) : `${showName(path)} -> ${showName(destination)}`;
  const what = title === undefined
    ? `${action} ${where}`
    : `${showName(title)}: ${counted(entries, "file")} in ${where}`;
  const notes = [
    ...(title === undefined ? [sizeOf(change)] : []),
    ...(undoes === undefined ? [] : [`undoes ${undoes}`]),
    ...(undoneBy === undefined ? [] : [`undone by ${undoneBy}`]),
    ...(status === "pending" ? ["under way"] : []),
  ];
  const about = notes.length === 0 ? "" : ` (${notes.join(", ")})`;
  return `${id}  ${localTime(at, timeZone)}  ${what}${about}`;
}

function sizeOf({ action, kind, entries, sizeBefore, sizeAfter }: ChangeEntry): string {
  if (kind === "folder") {
    return entries > 1 ? `folder, ${counted(entries - 1, "entry", "entries")}` : "folder";
  }
  if (kind === "link") return "link";
  if (action === "move" || sizeAfter === undefined) return sizeText(sizeBefore ?? 0);
  if (sizeBefore === undefined) {
    return action === "write" ? `new, ${sizeText(sizeAfter)}` : sizeText(sizeAfter);
  }
  return `${sizeText(sizeBefore)} -> ${sizeText(sizeAfter)}`;
}
