/**
 * Where a repository is, found and verified without git, so that git is told and never searches: its git
 * directory, what its work trees share, and what it borrows objects from, all inside the allowed folders.
 * Links and pointers are followed to their end before they are judged.
 * @module
 */
import { constants } from "node:fs";
import { open, readlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { errorCode, ToolError } from "../errors.ts";
import { rootOf } from "../fs/roots.ts";
import type { Root } from "../fs/types.ts";
import { GIT_ALTERNATES_MAX, GIT_ENTRIES_MAX, GIT_POINTER_BYTES_MAX } from "../limits.ts";
import { showName } from "../names.ts";
import type { Disk } from "./disk.ts";

/** Where repositories may be: the allowed folders, and the disk they are on. */
export interface Ground {
  readonly roots: readonly Root[];
  readonly disk: Disk;
}

/** Where a repository is. All paths are real. */
export interface Located {
  /** The work tree; of a bare repository, the repository itself. */
  readonly top: string;
  readonly gitDir: string;
  readonly commonDir: string;
  /** There is no work tree, as far as can be told by where things are. */
  readonly bare: boolean;
  /** The git directory is the folder `.git` of the top itself, and no link. */
  readonly plain: boolean;
}

/** A folder that has what a git directory must have. */
async function isGitDirectory(folder: string, disk: Disk): Promise<boolean> {
  const kinds = await Promise.all(
    ["HEAD", "objects", "refs"].map((name) => kindOf(join(folder, name), disk)),
  );
  return kinds[0] !== undefined && kinds[1] === "folder" && kinds[2] === "folder";
}

/**
 * Finds the repository a real folder belongs to, upwards as far as the allowed folders go.
 * @throws {ToolError} when there is none, or when it reaches outside.
 */
export async function locate(asked: string, shown: string, ground: Ground): Promise<Located> {
  const start = basename(asked) === ".git" ? dirname(asked) : asked;
  for (let folder = start; rootOf(folder, ground.roots) !== undefined; folder = dirname(folder)) {
    const found = await locateAt(folder, ground);
    if (found !== undefined) return await verify(found, ground);
    // A bare repository in the middle of other files may be somebody's trap: only asked for by itself.
    if (folder === asked && await isGitDirectory(folder, ground.disk)) {
      const commonDir = await commonOf(folder, ground);
      return await verify({ top: folder, gitDir: folder, commonDir, bare: true, plain: false }, ground);
    }
    if (dirname(folder) === folder) break;
  }
  throw new ToolError(
    `"${showName(shown)}" is not in a git repository`,
    "Name a folder with a repository. One whose top lies above the allowed folders is not used: the person " +
      "can allow that folder.",
  );
}

/** The repository whose top is exactly this folder. */
async function locateAt(top: string, ground: Ground): Promise<Located | undefined> {
  const { roots, disk } = ground;
  const entry = join(top, ".git");
  const info = await disk.lstat(entry);
  if (info === undefined) return undefined;
  const target = info.isSymbolicLink() ? await inside(entry, top, ground) : entry;
  const kind = info.isDirectory() ? "folder" : await kindOf(target, disk);
  const gitDir = kind === "file" ? await pointed(target, "gitdir: ", dirname(target), ground) : target;
  const [head, commonDir] = await Promise.all([disk.stat(join(gitDir, "HEAD")), commonOf(gitDir, ground)]);
  if (kind === "other" || head === undefined) {
    throw damaged(
      givenPath(top, roots),
      kind === "file" ? 'its ".git" file names no git directory' : 'its ".git" has no HEAD',
    );
  }
  return { top, gitDir, commonDir, bare: false, plain: gitDir === entry && commonDir === entry };
}

/** What the work trees of a repository share. */
async function commonOf(gitDir: string, ground: Ground): Promise<string> {
  const pointer = join(gitDir, "commondir");
  if (await ground.disk.stat(pointer) === undefined) return gitDir;
  return await pointed(pointer, "", gitDir, ground);
}

/** Follows a file that holds a path. */
async function pointed(file: string, prefix: string, base: string, ground: Ground): Promise<string> {
  const text = await readPointer(file);
  const path = text.replace(/[\r\n]+$/, "");
  if (!path.startsWith(prefix) || path.length === prefix.length) {
    throw damaged(givenPath(base, ground.roots), `"${basename(file)}" does not hold a path`);
  }
  return await inside(resolve(base, path.slice(prefix.length)), base, ground, basename(file));
}

/** Checks everything git would follow when it reads. */
async function verify(located: Located, ground: Ground): Promise<Located> {
  const { top, gitDir, commonDir } = located;
  const walk = { top, seen: 0, except: undefined };
  const checks = [...new Set([gitDir, commonDir])].flatMap((folder) => [
    checkLinks(folder, 0, walk, ground),
    checkLinks(join(folder, "info"), 0, walk, ground),
    checkLinks(join(folder, "refs"), Infinity, walk, ground),
  ]);
  await Promise.all([...checks, checkObjects(join(commonDir, "objects"), top, ground, 0)]);
  return located;
}

/**
 * Refuses links anywhere in the git directories that lead outside: where git writes, a link would make it
 * write there.
 */
export async function checkAllLinks({ top, gitDir, commonDir }: Located, ground: Ground): Promise<void> {
  const walk = { top, seen: 0, except: join(commonDir, "objects") };
  for (const folder of new Set([gitDir, commonDir])) await checkLinks(folder, Infinity, walk, ground);
}

/** A walk through a git directory. */
interface Walk {
  readonly top: string;
  /** Entries that were looked at. */
  seen: number;
  /** A folder that is not entered. */
  readonly except: string | undefined;
}

/** Refuses links in a folder, and so many levels below, that lead outside. */
async function checkLinks(folder: string, depth: number, walk: Walk, ground: Ground): Promise<void> {
  const { links, folders, others, count } = await ground.disk.contents(folder);
  walk.seen += count;
  if (walk.seen > GIT_ENTRIES_MAX) {
    throw damaged(givenPath(walk.top, ground.roots), `its git directory has over ${GIT_ENTRIES_MAX} files`);
  }
  for (const name of links) await inside(join(folder, name), walk.top, ground);
  for (const name of others) {
    if ((await ground.disk.lstat(join(folder, name)))?.isFIFO() !== true) continue;
    // Whoever opens it waits for somebody to write into it. A socket is no trouble: git has one there.
    throw damaged(givenPath(walk.top, ground.roots), `its "${showName(name)}" is a pipe`);
  }
  if (depth === 0) return;
  for (const name of folders) {
    const next = join(folder, name);
    if (next !== walk.except) await checkLinks(next, depth - 1, walk, ground);
  }
}

/** Refuses links in an object store that lead outside, and the same in those that it borrows from. */
async function checkObjects(objects: string, top: string, ground: Ground, depth: number): Promise<void> {
  const { disk, roots } = ground;
  const { links, folders } = await disk.contents(objects);
  const below = await Promise.all(folders.map(async (name) => {
    return (await disk.contents(join(objects, name))).links.map((link) => join(name, link));
  }));
  for (const link of [links, ...below].flat()) await inside(join(objects, link), top, ground);
  const file = join(objects, "info", "alternates");
  if (await disk.stat(file) === undefined) return;
  if (depth >= GIT_ALTERNATES_MAX) {
    throw damaged(givenPath(top, roots), "its object stores borrow from too many others");
  }
  for (const line of (await readPointer(file)).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith('"')) {
      throw damaged(givenPath(top, roots), "an object store it borrows from has an unusual name");
    }
    const next = await inside(resolve(objects, line), top, ground, "alternates");
    await checkObjects(next, top, ground, depth + 1);
  }
}

/**
 * The user another than this one who owns a repository, as git finds it: whoever owns it decides what it
 * tells git to do. Undefined on Windows, which has no such numbers; there git itself is asked.
 */
export async function foreignOwner(
  { top, gitDir, commonDir }: Located,
  disk: Disk,
): Promise<number | undefined> {
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  for (const path of new Set([top, gitDir, commonDir])) {
    const owner = (await disk.stat(path))?.uid ?? NOBODY;
    if (owner !== user) return owner;
  }
  return undefined;
}

/** The number of no user (POSIX leaves -1 unused): whose files cannot be looked at. */
const NOBODY = -1;

/** A real path by the name the person gave the allowed folder it is in. */
export function givenPath(real: string, roots: readonly Root[]): string {
  const root = rootOf(real, roots);
  return root === undefined ? real : root.given + real.slice(root.real.length);
}

/** The real path of something, which must be inside the allowed folders. `name` is what errors call it. */
async function inside(
  path: string,
  top: string,
  { roots, disk }: Ground,
  name = basename(path),
): Promise<string> {
  let real: string;
  try {
    real = await disk.realpath(path);
  } catch (error) {
    // The oldest repositories have a HEAD that is a link to a branch that may not exist yet.
    const target = basename(path) === "HEAD" ? await readlink(path).catch(() => "/") : "/";
    if (!isAbsolute(target) && !target.split(/[\\/]/).includes("..")) return join(dirname(path), target);
    if (errorCode(error) !== "ENOENT") throw error;
    const what = `"${showName(name)}" leads to nothing, or to a place that may not be looked at`;
    throw damaged(givenPath(top, roots), what);
  }
  if (rootOf(real, roots) !== undefined) return real;
  throw new ToolError(
    `Cannot use the repository "${showName(givenPath(top, roots))}": its "${
      showName(name)
    }" leads outside the allowed folders`,
    "The person can allow the folder it leads to.",
  );
}

function damaged(top: string, why: string): ToolError {
  return new ToolError(
    `Cannot use the repository "${showName(top)}": ${why}`,
    `The person can look at it with: git -C ${JSON.stringify(top)} fsck`,
  );
}

/** A small file as text. @throws for pipes and devices, which would never end, and for large files. */
export async function readPointer(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const info = await file.stat();
    if (!info.isFile() || info.size > GIT_POINTER_BYTES_MAX) {
      throw damaged(basename(dirname(path)), "a pointer in it is no small file");
    }
    return (await file.readFile()).toString("utf8");
  } finally {
    await file.close();
  }
}

async function kindOf(path: string, disk: Disk): Promise<"file" | "folder" | "other" | undefined> {
  const info = await disk.stat(path);
  if (info === undefined) return undefined;
  return info.isFile() ? "file" : info.isDirectory() ? "folder" : "other";
}

/** Whether a path leads into a `.git`. */
export function isGitPath(path: string): boolean {
  return path.split(sep).some((name) => name.toLowerCase() === ".git");
}
