/**
 * Opening: open first, ask the descriptor where it really is, refuse it or use only it. A path is never
 * checked and then used again by name, because whatever it names can be swapped in between.
 * @module
 */
import {
  type BigIntStats,
  close,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstat,
  open,
  read,
  readdir,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ToolError } from "../errors.ts";
import { childPath, processPath, realPathOf } from "./descriptor.ts";
import { leadsOutside, type Verb, wrongKind } from "./errors.ts";
import { isInside, rootOf, show } from "./roots.ts";
import type { Entry, Info, Kind, OpenFile, OpenFolder, Root } from "./types.ts";

const openAsync = promisify(open);
const closeAsync = promisify(close);
const lstatAsync = promisify(lstat);
const readdirAsync = promisify(readdir);

// Windows lacks these flags; there they are 0 and mean nothing.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const FOLDER = constants.O_DIRECTORY ?? 0;
/** A pipe without a writer would block the thread that opens it, and a terminal would become ours. */
const CALM = (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** A folder held open, its real path verified: what every change is anchored to. */
export interface Anchor {
  readonly descriptor: number;
  /** The real path at the moment of opening; for messages and for finding the deciding root. */
  readonly real: string;
  readonly root: Root;
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
  roots: readonly Root[],
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const descriptor = await openAsync(path, constants.O_RDONLY | CALM);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    await verified(descriptor, path, stats, verb, roots);
    return await work(openFile(descriptor, path, stats, verb));
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a folder and runs `work` on it. Links are followed, and refused when they lead outside. */
export async function withFolder<T>(
  path: string,
  verb: Verb,
  roots: readonly Root[],
  work: (folder: OpenFolder) => Promise<T>,
): Promise<T> {
  return await withAnchor(path, verb, roots, (anchor) => work(openFolder(anchor, path, verb)));
}

/** Opens a folder to work inside it; see {@link Anchor}. */
export async function withAnchor<T>(
  path: string,
  verb: Verb,
  roots: readonly Root[],
  work: (anchor: Anchor) => Promise<T>,
): Promise<T> {
  const descriptor = await openFolderDescriptor(path, verb, path, 0);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    const [real, root] = await verified(descriptor, path, stats, verb, roots);
    return await work(anchorOf(descriptor, real, root));
  } finally {
    await closeAsync(descriptor);
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
  const descriptor = await openFolderDescriptor(anchor.at(name), verb, real, NO_FOLLOW);
  try {
    return await work(anchorOf(descriptor, real, anchor.root));
  } finally {
    await closeAsync(descriptor);
  }
}

/** Opens a child file of an anchor for reading. A link in its place is refused. */
export async function withChildFile<T>(
  anchor: Anchor,
  name: string,
  verb: Verb,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const descriptor = await openAsync(anchor.at(plainName(name)), constants.O_RDONLY | CALM | NO_FOLLOW);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    return await work(openFile(descriptor, join(anchor.real, name), stats, verb));
  } finally {
    closeSync(descriptor);
  }
}

/** The entries of an anchor in the order of their names. */
export async function entriesOf(anchor: Anchor): Promise<Entry[]> {
  const entries = await readdirAsync(anchor.at(""), { withFileTypes: true });
  return entries
    .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** What `lstat` says of a child, or undefined when there is none. */
export async function childInfo(anchor: Anchor, name: string): Promise<Info | undefined> {
  try {
    return infoOf(await lstatAsync(anchor.at(plainName(name)), { bigint: true }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** What the product shows and compares of a file's status. */
export function infoOf(stats: BigIntStats): Info {
  return {
    kind: kindOf(stats),
    size: Number(stats.size),
    modified: stats.mtime,
    accessed: stats.atime,
    created: stats.birthtime,
    mode: Number(stats.mode) & 0o7777,
    links: Number(stats.nlink),
    identity: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
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

async function openFolderDescriptor(path: string, verb: Verb, shown: string, flags: number): Promise<number> {
  try {
    return await openAsync(path, constants.O_RDONLY | CALM | FOLDER | flags);
  } catch (error) {
    // ENOTDIR means a file on the way, or a file (or, with O_NOFOLLOW, a link) in the folder's own place.
    const info = await lstatAsync(path).catch(() => undefined);
    if (info?.isFile() === true) throw wrongKind(verb, shown, "file", "folder");
    throw error;
  }
}

/**
 * The real path and deciding root of an open descriptor. @throws {ToolError} when it is outside or unknown.
 */
async function verified(
  descriptor: number,
  path: string,
  stats: BigIntStats,
  verb: Verb,
  roots: readonly Root[],
): Promise<[string, Root]> {
  const real = await realPathOf(descriptor, path, stats);
  const root = real === undefined ? undefined : rootOf(real, roots);
  if (real === undefined || root === undefined || !isInside(real, root.real)) throw leadsOutside(verb, path);
  return [real, root];
}

function anchorOf(descriptor: number, real: string, root: Root): Anchor {
  return { descriptor, real, root, at: (name) => childPath(descriptor, real, name) };
}

function openFile(descriptor: number, path: string, stats: BigIntStats, verb: Verb): OpenFile {
  const info = infoOf(stats);
  if (info.kind !== "file") throw wrongKind(verb, path, info.kind, "file");
  return {
    path,
    info,
    read: (buffer, position) =>
      new Promise((resolve, reject) => {
        read(descriptor, buffer, 0, buffer.length, position, (error, count) =>
          error === null ? resolve(count) : reject(error));
      }),
  };
}

function openFolder(anchor: Anchor, path: string, verb: Verb): OpenFolder {
  return {
    path,
    entries: () => entriesOf(anchor),
    processPath: processPath(anchor.descriptor, anchor.real),
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
    withFile: (name, work) => withChildFile(anchor, name, verb, work),
  };
}

function kindOf(entry: Pick<Dirent | BigIntStats, "isFile" | "isDirectory" | "isSymbolicLink">): Kind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}
