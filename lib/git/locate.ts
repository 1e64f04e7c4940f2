/**
 * Where a repository is, found and verified without git, so that git is told and never searches: its git
 * directory, what its work trees share, and what it borrows objects from, all inside the allowed folders.
 * Links and pointers are followed to their end before they are judged.
 * @module
 */
import { constants } from "node:fs";
import { lstat, open, readdir, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { errorCode, ToolError } from "../errors.ts";
import { rootOf } from "../fs/roots.ts";
import type { Root } from "../fs/types.ts";
import { GIT_ALTERNATES_MAX, GIT_ENTRIES_MAX, GIT_POINTER_BYTES_MAX } from "../limits.ts";
import { showName } from "../names.ts";

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
export async function isGitDirectory(folder: string): Promise<boolean> {
  const kinds = await Promise.all(["HEAD", "objects", "refs"].map((name) => kindOf(join(folder, name))));
  return kinds[0] !== undefined && kinds[1] === "folder" && kinds[2] === "folder";
}

/**
 * Finds the repository a real folder belongs to, upwards as far as the allowed folders go.
 * @throws {ToolError} when there is none, or when it reaches outside.
 */
export async function locate(asked: string, shown: string, roots: readonly Root[]): Promise<Located> {
  const start = basename(asked) === ".git" ? dirname(asked) : asked;
  for (let folder = start; rootOf(folder, roots) !== undefined; folder = dirname(folder)) {
    const found = await locateAt(folder, roots);
    if (found !== undefined) return await verify(found, roots);
    // A bare repository in the middle of other files may be somebody's trap: only asked for by itself.
    if (folder === asked && await isGitDirectory(folder)) {
      const commonDir = await commonOf(folder, roots);
      return await verify({ top: folder, gitDir: folder, commonDir, bare: true, plain: false }, roots);
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
async function locateAt(top: string, roots: readonly Root[]): Promise<Located | undefined> {
  const entry = join(top, ".git");
  const info = await lstat(entry).catch(missing);
  if (info === undefined) return undefined;
  const target = info.isSymbolicLink() ? await inside(entry, top, roots) : entry;
  const kind = await kindOf(target);
  const gitDir = kind === "file" ? await pointed(target, "gitdir: ", dirname(target), roots) : target;
  if (kind === "other" || await kindOf(join(gitDir, "HEAD")) === undefined) {
    throw damaged(
      givenPath(top, roots),
      kind === "file" ? 'its ".git" file names no git directory' : 'its ".git" has no HEAD',
    );
  }
  const commonDir = await commonOf(gitDir, roots);
  return { top, gitDir, commonDir, bare: false, plain: gitDir === entry && commonDir === entry };
}

/** What the work trees of a repository share. */
async function commonOf(gitDir: string, roots: readonly Root[]): Promise<string> {
  const pointer = join(gitDir, "commondir");
  return await kindOf(pointer) === undefined ? gitDir : await pointed(pointer, "", gitDir, roots);
}

/** Follows a file that holds a path. */
async function pointed(file: string, prefix: string, base: string, roots: readonly Root[]): Promise<string> {
  const text = await readPointer(file);
  const path = text.replace(/[\r\n]+$/, "");
  if (!path.startsWith(prefix) || path.length === prefix.length) {
    throw damaged(givenPath(base, roots), `"${basename(file)}" does not hold a path`);
  }
  return await inside(resolve(base, path.slice(prefix.length)), base, roots);
}

/** Checks everything git would follow. */
async function verify(located: Located, roots: readonly Root[]): Promise<Located> {
  const { top, gitDir, commonDir } = located;
  const objects = join(commonDir, "objects");
  const folders = new Set([gitDir, commonDir, objects, join(objects, "info"), join(objects, "pack")]);
  for (const folder of [...folders, join(commonDir, "info"), join(gitDir, "info")]) {
    await checkLinks(folder, top, roots);
  }
  await checkAlternates(objects, top, roots, 0);
  return located;
}

/** Refuses links in a folder that lead outside. What does not exist is fine. */
async function checkLinks(folder: string, top: string, roots: readonly Root[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(missing) ?? [];
  for (const entry of entries) if (entry.isSymbolicLink()) await inside(join(folder, entry.name), top, roots);
}

/**
 * Refuses links anywhere in the git directories that lead outside, except among the objects: where git
 * writes, a link would make it write there.
 */
export async function checkAllLinks(
  { top, gitDir, commonDir }: Located,
  roots: readonly Root[],
): Promise<void> {
  const waiting = [...new Set([gitDir, commonDir])];
  let seen = 0;
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(missing) ?? []) {
      const path = join(folder, entry.name);
      if (++seen > GIT_ENTRIES_MAX) {
        throw damaged(givenPath(top, roots), `its git directory has over ${GIT_ENTRIES_MAX} files`);
      }
      if (entry.isSymbolicLink()) await inside(path, top, roots);
      else if (entry.isDirectory() && path !== join(commonDir, "objects")) waiting.push(path);
    }
  }
}

/** Object stores that this one borrows from, and those that they borrow from. */
async function checkAlternates(objects: string, top: string, roots: readonly Root[], depth: number) {
  const file = join(objects, "info", "alternates");
  if (await kindOf(file) === undefined) return;
  if (depth >= GIT_ALTERNATES_MAX) {
    throw damaged(givenPath(top, roots), "its object stores borrow from too many others");
  }
  for (const line of (await readPointer(file)).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith('"')) {
      throw damaged(givenPath(top, roots), "an object store it borrows from has an unusual name");
    }
    await checkAlternates(await inside(resolve(objects, line), top, roots), top, roots, depth + 1);
  }
}

/**
 * The user another than this one who owns a repository, as git finds it: whoever owns it decides what it
 * tells git to do. Undefined on Windows, which has no such numbers; there git itself is asked.
 */
export async function foreignOwner({ top, gitDir, commonDir }: Located): Promise<number | undefined> {
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  const owners = await Promise.all([...new Set([top, gitDir, commonDir])].map(async (path) => {
    return (await stat(path)).uid;
  }));
  return owners.find((owner) => owner !== user);
}

/** A real path by the name the person gave the allowed folder it is in. */
export function givenPath(real: string, roots: readonly Root[]): string {
  const root = rootOf(real, roots);
  return root === undefined ? real : root.given + real.slice(root.real.length);
}

/** The real path of something, which must be inside the allowed folders. */
async function inside(path: string, top: string, roots: readonly Root[]): Promise<string> {
  const real = await realpath(path).catch(async (error: unknown) => {
    // The oldest repositories have a HEAD that is a link to a branch that may not exist yet.
    const target = basename(path) === "HEAD" ? await readlink(path).catch(() => "/") : "/";
    if (!isAbsolute(target) && !target.split(/[\\/]/).includes("..")) return join(dirname(path), target);
    if (errorCode(error) !== "ENOENT") throw error;
    throw damaged(
      givenPath(top, roots),
      `"${basename(path)}" leads to nothing, or to a place that may not be looked at`,
    );
  });
  if (rootOf(real, roots) !== undefined) return real;
  throw new ToolError(
    `Cannot use the repository "${showName(givenPath(top, roots))}": its "${
      showName(basename(path))
    }" leads outside the ` +
      "allowed folders",
    "The person can allow the folder it leads to.",
  );
}

function damaged(top: string, why: string): ToolError {
  return new ToolError(
    `Cannot use the repository "${showName(top)}": ${why}`,
    `The person can look at it with: git -C ${JSON.stringify(top)} fsck`,
  );
}

/** A small file as text. Pipes and devices are not opened. */
async function readPointer(path: string): Promise<string> {
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

async function kindOf(path: string): Promise<"file" | "folder" | "other" | undefined> {
  const info = await stat(path).catch(missing);
  if (info === undefined) return undefined;
  return info.isFile() ? "file" : info.isDirectory() ? "folder" : "other";
}

function missing(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR", "ELOOP", "EACCES"].includes(errorCode(error) ?? "")) return undefined;
  throw error;
}

/** Whether a path has a component that no tool may write below. */
export function isGuardedPath(path: string): boolean {
  return path.split(sep).some((name) => name.toLowerCase() === ".git");
}
