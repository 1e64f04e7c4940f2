/**
 * What must be true of the disk after each operation of `operate.ts`, whatever failed on the way.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeTree } from "../rig/tree.ts";

/** What every file holds before, and what is written. */
export const OLD = "old ".repeat(50_000);
const NEW = "new ".repeat(50_000);

/** Where an operation works: two allowed folders on two file systems, and the journal. */
export interface Places {
  readonly dir: string;
  readonly elsewhere: string;
  readonly journal: string;
}

/** Says what is wrong. `reported`: what the operation said, "ok" or an error; empty when it was killed. */
export type Invariant = (at: Places, reported: string) => string | undefined;

/** By the names of the operations. */
export const INVARIANTS: Readonly<Record<string, Invariant>> = {
  replace: ({ dir }, reported) => replaced(join(dir, "file"), reported),
  edit: ({ dir }, reported) => replaced(join(dir, "file"), reported),
  create({ dir }, reported) {
    const content = read(join(dir, "fresh/file"));
    if (content !== undefined) return content === NEW ? undefined : "torn";
    return reported === "ok" ? "reported ok, but nothing is there" : undefined;
  },
  move: ({ dir }, reported) => moved(join(dir, "file"), join(dir, "moved"), isFile, reported),
  "move-away": ({ dir, elsewhere }, reported) =>
    moved(join(dir, "file"), join(elsewhere, "moved"), isFile, reported),
  "move-tree": ({ dir }, reported) => moved(join(dir, "tree"), join(dir, "moved/tree"), isTree, reported),
  "move-tree-away": ({ dir, elsewhere }, reported) =>
    moved(join(dir, "tree"), join(elsewhere, "tree"), isTree, reported),
  copy({ dir }, reported) {
    if (!isTree(join(dir, "tree"))) return "the source is damaged";
    const copy = join(dir, "copied");
    if (existsSync(copy)) return isTree(copy) ? undefined : "half a copy";
    return reported === "ok" ? "reported ok, but nothing is there" : undefined;
  },
  delete({ dir }, reported) {
    const content = read(join(dir, "file"));
    if (content === undefined) return undefined;
    return content !== OLD ? "torn" : reported === "ok" ? "reported ok, but it is there" : undefined;
  },
  "delete-tree"({ dir }, reported) {
    const torn = ["tree/a", "tree/inner/b"].map((name) => read(join(dir, name))).some((content) =>
      content !== undefined && content !== OLD
    );
    if (torn) return "torn";
    return reported === "ok" && existsSync(join(dir, "tree")) ? "reported ok, but it is there" : undefined;
  },
};

/** Temporary files that were left behind, or undefined. */
export function leftovers({ dir, elsewhere, journal }: Places): string | undefined {
  const names = [dir, elsewhere, join(journal, "blobs")].filter((folder) => existsSync(folder)).flatMap((
    folder,
  ) => readdirSync(folder, { recursive: true }).map(String));
  const left = names.filter((name) => name.endsWith(".tmp"));
  return left.length === 0 ? undefined : `left ${left.join(", ")}`;
}

/** Everything in the allowed folders, to be compared: temporary files as well. */
export async function treesOf({ dir, elsewhere }: Places): Promise<string> {
  return `${await describeTree(dir)}\n\n${await describeTree(elsewhere)}`;
}

function replaced(path: string, reported: string): string | undefined {
  const content = read(path);
  if (content === NEW) return undefined;
  if (content !== OLD) return `torn: ${content?.length} characters`;
  return reported === "ok" ? "reported ok, but the old content stands" : undefined;
}

function moved(
  from: string,
  to: string,
  isWhole: (path: string) => boolean,
  reported: string,
): string | undefined {
  if (existsSync(to) && !isWhole(to)) return "half of it at the destination";
  if (!isWhole(from) && !isWhole(to)) return "lost";
  if (reported !== "ok") return undefined;
  return existsSync(from) || !existsSync(to) ? "reported ok, but it was not moved" : undefined;
}

function isFile(path: string): boolean {
  return read(path) === OLD;
}

function isTree(path: string): boolean {
  return isFile(join(path, "a")) && isFile(join(path, "inner/b"));
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
