/**
 * Opening: open first, ask the descriptor where it really is, refuse it or use only it. A path is never
 * checked and then used again by name, because whatever it names can be swapped in between.
 * @module
 */
import { closeSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { ToolError } from "../errors.ts";
import { isMissing, leadsOutside, type Verb, wrongKind } from "./errors.ts";
import type { Located } from "./platform.ts";
import { rootOf, show } from "./roots.ts";
import type { Space } from "./space.ts";
import type { Status } from "./statx.ts";
import type { Entry, Info, Kind, OpenFile, OpenFolder, Root } from "./types.ts";

/** A folder held open, its real path verified: what every change is anchored to. */
export interface Anchor {
  readonly descriptor: number;
  /** The real path at the moment of opening; for messages and for finding the deciding root. */
  readonly real: string;
  readonly root: Root;
  readonly space: Space;
  /** A path that leads to a child of exactly this folder. */
  at(name: string): string;
}

/**
 * Opens a regular file for reading and runs `work` on it. Links are followed, and refused when they lead
 * outside.
 */
export async function withFile<T>(
  path: string,
  verb: Verb,
  space: Space,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const located = plainFile(path, space) ?? await space.platform.locate(path, true);
  const real = orClose(located, () => {
    const [inside] = verified(located, path, verb, space);
    space.guard.check(verb, inside, path);
    return inside;
  });
  return await reading(located, real, path, verb, space, work);
}

/** The file by the short way; only for paths that are real ones, or every call would try in vain. */
function plainFile(path: string, { platform, roots }: Space): Located | undefined {
  if (platform.openPlain === undefined || rootOf(path, roots) === undefined) return undefined;
  const plain = platform.openPlain(path);
  return plain && { ...plain, real: path, readable: true };
}

/** Opens a folder and runs `work` on it. Links are followed, and refused when they lead outside. */
export async function withFolder<T>(
  path: string,
  verb: Verb,
  space: Space,
  work: (folder: OpenFolder) => Promise<T>,
): Promise<T> {
  return await withAnchor(path, verb, space, (anchor) => work(openFolder(anchor, path, verb)));
}

/**
 * Opens a folder to work inside it; see {@link Anchor}.
 * @param asked The path that was asked for, when it is one below: an error that names the folder instead
 * would tell how much of a path outside exists.
 */
export async function withAnchor<T>(
  path: string,
  verb: Verb,
  space: Space,
  work: (anchor: Anchor) => Promise<T>,
  asked = path,
): Promise<T> {
  const located = await space.platform.locate(path, true);
  try {
    const [real, root] = verified(located, asked, verb, space);
    // What belongs to Clawhammer itself is closed even to a look.
    space.guard.check("look at", real, path);
    return await work(anchorOf(located, real, root, path, verb, space));
  } finally {
    closeSync(located.descriptor);
  }
}

/** Opens a child folder of an anchor. A link in its place is refused, so the child is beneath for certain. */
export async function withChild<T>(
  anchor: Anchor,
  name: string,
  verb: Verb,
  work: (child: Anchor) => Promise<T>,
): Promise<T> {
  const real = join(anchor.real, plainName(name));
  anchor.space.guard.check("look at", real, real);
  const located = await anchor.space.platform.locate(anchor.at(name), false);
  try {
    return await work(anchorOf(located, real, anchor.root, real, verb, anchor.space));
  } finally {
    closeSync(located.descriptor);
  }
}

/** Opens a child file of an anchor for reading. A link in its place is refused. */
export async function withChildFile<T>(
  anchor: Anchor,
  name: string,
  verb: Verb,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const real = join(anchor.real, plainName(name));
  // A copied tree keeps its names, so what is protected in it stays protected where it goes.
  if (verb !== "copy") anchor.space.guard.check(verb, real, real);
  const located = await anchor.space.platform.locate(anchor.at(name), false);
  return await reading(located, real, real, verb, anchor.space, work);
}

/** The entries of an anchor in the order of their names. */
export async function entriesOf(anchor: Anchor): Promise<Entry[]> {
  const entries = await anchor.space.platform.readdir(anchor.at(""));
  return entries
    .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** What `lstat` says of a child, or undefined when there is none. */
export async function childInfo(anchor: Anchor, name: string): Promise<Info | undefined> {
  try {
    const { platform } = anchor.space;
    const known = platform.statusAt?.(anchor.descriptor, plainName(name));
    return infoOf(known ?? await platform.lstat(anchor.at(plainName(name))));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What the product shows and compares of a file's status. */
export function infoOf(stats: Status): Info {
  return {
    kind: kindOf(stats),
    size: Number(stats.size),
    // Making these costs more than asking for them, and most callers do not look.
    get modified() {
      return stats.mtime;
    },
    get accessed() {
      return stats.atime;
    },
    get created() {
      return stats.birthtime;
    },
    mode: Number(stats.mode) & 0o7777,
    links: Number(stats.nlink),
    get identity() {
      return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
    },
  };
}

/**
 * A name that is one component. Names come from folders we read, but a hostile one must not become a path.
 */
export function plainName(name: string): string {
  if (
    name === "" || name === "." || name === ".." || /[/\0]/.test(name) ||
    (process.platform === "win32" && name.includes("\\"))
  ) {
    throw new ToolError(
      `Cannot use "${show(name)}" as a name`,
      "Send the name of one file or folder, without slashes.",
    );
  }
  return name;
}

/** Reads what was located: only a regular file, and only through the descriptor. */
async function reading<T>(
  located: Located,
  real: string,
  path: string,
  verb: Verb,
  space: Space,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const info = infoOf(located.stats);
  orClose(located, () => {
    if (info.kind !== "file") throw wrongKind(verb, path, info.kind, "file");
  });
  const descriptor = located.readable ? located.descriptor : await space.platform.reopen(located);
  let first = true;
  try {
    return await work({
      path,
      real,
      info,
      async read(buffer, position) {
        const count = await space.platform.read(descriptor, buffer, position, first);
        first = false;
        return count;
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

/** Judges what is held, and lets go of it when the judgement is a refusal. */
function orClose<T>(located: Located, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    closeSync(located.descriptor);
    throw error;
  }
}

/** The real path and deciding root of what is held. @throws {ToolError} when it is outside or unknown. */
function verified(located: Located, path: string, verb: Verb, space: Space): [string, Root] {
  const root = located.real === undefined ? undefined : rootOf(located.real, space.roots);
  if (located.real === undefined || root === undefined) throw leadsOutside(verb, path);
  return [located.real, root];
}

function anchorOf(
  located: Located,
  real: string,
  root: Root,
  path: string,
  verb: Verb,
  space: Space,
): Anchor {
  const { kind } = infoOf(located.stats);
  if (kind === "link") throw leadsOutside(verb, path);
  if (kind !== "folder") throw wrongKind(verb, path, kind, "folder");
  return {
    descriptor: located.descriptor,
    real,
    root,
    space,
    at: (name) => space.platform.at(located.descriptor, real, name),
  };
}

function openFolder(anchor: Anchor, path: string, verb: Verb): OpenFolder {
  return {
    path,
    entries: () => entriesOf(anchor),
    processPath: anchor.space.platform.processPath(anchor.descriptor, anchor.real),
    async info(name) {
      const info = await childInfo(anchor, name);
      if (info !== undefined) return info;
      throw new ToolError(
        `Cannot ${verb} "${show(join(path, name))}": no such file or folder`,
        "It is gone by now; list again.",
      );
    },
    withFolder: (name, work) =>
      withChild(anchor, name, verb, (child) => work(openFolder(child, join(path, name), verb))),
    withFile: (name, work) => withChildFile(anchor, name, "read", work),
    mayRead: (below) => may("read", anchor, below),
    mayWrite: (below) => may("write", anchor, below),
  };
}

function may(verb: "read" | "write", { real, space }: Anchor, below: string): boolean {
  const path = join(real, below);
  if (verb === "write" && rootOf(path, space.roots)?.readOnly !== false) return false;
  try {
    space.guard.check(verb, path, below);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

function kindOf(entry: Pick<Dirent | Status, "isFile" | "isDirectory" | "isSymbolicLink">): Kind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}
