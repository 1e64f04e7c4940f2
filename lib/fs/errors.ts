/**
 * System errors as instructions.
 * @module
 */
import { lstat, readlink } from "node:fs/promises";
import { dirname, normalize, parse, resolve, sep } from "node:path";
import { errorCode, ToolError } from "../errors.ts";
import { TREE_DEPTH_MAX, TREE_ENTRIES_MAX } from "../limits.ts";
import { nearest } from "../nearest.ts";
import { isInside, show } from "./roots.ts";
import type { Space } from "./space.ts";
import type { Kind, Root } from "./types.ts";

/** What was being done: `read`, `write`, `list`, … */
export type Verb = "read" | "write" | "list" | "look at" | "create" | "move" | "copy" | "delete";

/** How the names of a folder are learned for proposals; it must verify the folder like any other access. */
export type NamesOf = (folder: string) => Promise<readonly string[]>;

/** Files are not any more as a change had left them, so it cannot be taken back as it is. */
export class ChangedError extends ToolError {}

/** Whether a system error says that there is nothing of this name. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}

/** The error for an entry of the wrong kind. */
export function wrongKind(verb: Verb, path: string, kind: Kind, wanted: "file" | "folder"): ToolError {
  if (kind === "folder") {
    return new ToolError(
      `Cannot ${verb} "${show(path)}": it is a folder`,
      "Use list_directory to see what is in it.",
    );
  }
  if (kind === "file") {
    return new ToolError(
      `Cannot ${verb} "${show(path)}": it is a file, not a folder`,
      "Use read_file to read it.",
    );
  }
  return new ToolError(
    `Cannot ${verb} "${show(path)}": it is not a regular ${wanted} but a pipe, socket or device`,
    "Those are refused, because reading one can block forever. Choose another path.",
  );
}

/** The error for a path whose descriptor turned out to be outside. */
export function leadsOutside(verb: Verb, path: string): ToolError {
  return new ToolError(
    `Cannot ${verb} "${show(path)}": a link on it leads outside the allowed folders`,
    "Links are followed only inside them. The person can allow the folder it leads to.",
  );
}

/** The error for a tree of too many entries, at the one that is too many. */
export function tooMany(real: string): ToolError {
  return new ToolError(
    `Cannot work on "${show(real)}": it is part of more than ${
      TREE_ENTRIES_MAX.toLocaleString("en-US")
    } entries`,
    "Work on its subfolders one by one.",
  );
}

/** The error for a tree nested too deep. @param depth How far below the top the entry stands. */
export function tooDeep(real: string, depth: number): ToolError {
  return new ToolError(
    `Cannot work on "${show(real.split(sep).slice(0, -depth).join(sep))}": its folders are nested more than ${
      TREE_DEPTH_MAX.toLocaleString("en-US")
    } deep`,
    "Nothing was changed. Work on a folder further down first.",
  );
}

/** The error for a read-only folder. */
export function readOnlyRoot(verb: Verb, path: string, root: Root): ToolError {
  return new ToolError(
    `Cannot ${verb} "${show(path)}": "${root.given}" is allowed for reading only`,
    `The person can change that by writing --allow "${root.given}" without ":ro".`,
  );
}

/**
 * Turns a system error about `path` into an instruction. Errors that are instructions already pass through.
 * An outside target is never probed: whether it exists must not show.
 */
export async function explain(
  verb: Verb,
  path: string,
  error: unknown,
  space: Space,
  namesOf: NamesOf,
): Promise<unknown> {
  const code = errorCode(error);
  if (error instanceof ToolError || code === undefined) return error;
  if (await escapes(path, space)) return leadsOutside(verb, path);
  const cannot = `Cannot ${verb} "${show(path)}"`;
  if (code === "ENOENT" || code === "ENOTDIR") return await notFound(cannot, path, space, namesOf);
  const known = KNOWN.get(code);
  if (known !== undefined) return new ToolError(`${cannot}: ${known[0]}`, known[1]);
  return new ToolError(
    `${cannot}: the system says ${code}`,
    "Try another path, or ask the person to look at this one.",
  );
}

const KNOWN: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["EACCES", [
    "permission denied",
    "The person can change its permissions (on macOS also under Privacy & Security).",
  ]],
  ["EPERM", ["the system does not permit it", "The person can change its permissions or attributes."]],
  ["EROFS", ["the file system is read-only", "Choose a folder on another disk."]],
  ["ENOSPC", ["the disk is full", "Nothing was changed. The person can free some space."]],
  ["EDQUOT", ["the disk quota is used up", "Nothing was changed. The person can free some space."]],
  ["EFBIG", ["the file would be too large for this system", "Nothing was changed. Write a smaller file."]],
  ["EIO", ["the disk reported an error", "Nothing was changed. Try again; the disk may be failing."]],
  ["ELOOP", ["its links lead in a circle", "Choose the path that the links should lead to."]],
  ["ENAMETOOLONG", ["a name in it is too long for this system", "Choose a shorter name (up to 255 bytes)."]],
  ["EEXIST", ["something is there already", "Choose another name, or delete_file it first."]],
  ["ENOTEMPTY", ["the folder is not empty", "Set recursive to true to delete it with everything in it."]],
  ["EBUSY", ["another program is using it", "Close that program and try again."]],
  ["EMFILE", ["too many files are open", "Try again in a moment, with fewer calls at once."]],
  ["ENXIO", ["it is a pipe, socket or device", "Those are refused. Choose another path."]],
  ["EISDIR", ["it is a folder", "Use list_directory to see what is in it."]],
  ["EINVAL", ["the system does not accept this name", "Choose another name."]],
]);

async function notFound(
  cannot: string,
  path: string,
  space: Space,
  namesOf: NamesOf,
): Promise<ToolError> {
  const folder = dirname(path);
  const name = path.slice(folder.length).replace(/^[\\/]+/, "");
  if (!space.roots.some((root) => isInside(folder, root.given) || isInside(folder, root.real))) {
    return new ToolError(
      `${cannot}: the allowed folder is gone`,
      "It was there when the server started. Ask the person.",
    );
  }
  let names: readonly string[];
  try {
    names = await namesOf(folder);
  } catch {
    return new ToolError(
      `${cannot}: no such file or folder, nor the folder "${show(folder)}"`,
      "Use list_directory on a folder above it, or find_files to search by name.",
    );
  }
  const near = nearest(name, names).map((candidate) => show(candidate)).join(", ");
  return new ToolError(
    `${cannot}: no such file or folder`,
    near === ""
      ? "Use list_directory or find_files to see what there is."
      : `Nearest: ${near}. Use find_files to search.`,
  );
}

/**
 * Whether a link on the way leads outside, found without touching anything outside: each component is
 * looked at only while everything before it is inside.
 */
export async function escapes(path: string, space: Space): Promise<boolean> {
  const allowed = (candidate: string) =>
    space.roots.some((root) => isInside(candidate, root.real) || isInside(candidate, root.given));
  let pending = path.slice(parse(path).root.length).split(sep);
  let current = parse(path).root;
  for (let links = 0; pending.length > 0;) {
    const [component = "", ...rest] = pending;
    pending = rest;
    const next = normalize(resolve(current, component));
    const above = space.roots.some((root) => isInside(root.given, next) || isInside(root.real, next));
    if (!above && !allowed(next)) return true;
    const target = above && !allowed(next) ? undefined : await linkTarget(next);
    if (target === undefined) {
      current = next;
      continue;
    }
    if (++links > 40) return false;
    const led = resolve(current, target);
    pending = [...led.slice(parse(led).root.length).split(sep), ...pending];
    current = parse(led).root;
  }
  return false;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch {
    return undefined;
  }
}
