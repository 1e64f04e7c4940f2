/**
 * Writing: a file is entirely old or entirely new, whatever fails. The new content goes to a temporary file
 * in the same folder, reaches the disk, and takes the name in one step.
 * @module
 */
import { randomBytes } from "node:crypto";
import { constants, lstatSync, renameSync, type Stats } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, readlink, rename, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode, ToolError } from "../errors.ts";
import { escapes, leadsOutside, readOnlyRoot, type Verb, wrongKind } from "./errors.ts";
import { type Anchor, childInfo, infoOf, withAnchor, withChild } from "./open.ts";
import { isInside, show } from "./roots.ts";
import type { Space } from "./space.ts";
import type { Info, WriteOptions } from "./types.ts";

// Windows lacks this flag; there it is 0 and means nothing.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Links followed before a chain counts as a circle; the kernel's own number. */
const LINKS_MAX = 40;

/** What may be done in a folder that is allowed for reading only. */
const READING: ReadonlySet<Verb> = new Set(["read", "list", "look at", "copy"]);

/**
 * Runs `work` with the folder that holds `path` open and the name in it. A link in the last place is followed
 * when `followLeaf`, so that a link whose target is inside stays a link when its file is written.
 */
export async function withPlace<T>(
  path: string,
  verb: Verb,
  space: Space,
  options: { followLeaf: boolean },
  work: (anchor: Anchor, name: string) => Promise<T>,
): Promise<T> {
  let place = path;
  for (let links = 0; links <= LINKS_MAX; links++) {
    refuseRoot(verb, place, space);
    const next = await withAnchor(
      dirname(place),
      verb,
      space,
      async (anchor): Promise<{ done: T } | { led: string }> => {
        if (anchor.root.readOnly && !READING.has(verb)) throw readOnlyRoot(verb, path, anchor.root);
        const name = basename(place);
        space.guard.check(verb, join(anchor.real, name), path);
        const target = options.followLeaf ? await targetOf(anchor, name) : undefined;
        if (target === undefined) return { done: await work(anchor, name) };
        const led = resolve(anchor.real, target);
        if (!space.roots.some((root) => isInside(led, root.real) || isInside(led, root.given))) {
          throw leadsOutside(verb, path);
        }
        return { led };
      },
      path,
    );
    if ("done" in next) return next.done;
    place = next.led;
  }
  throw new ToolError(
    `Cannot ${verb} "${show(path)}": its links lead in a circle`,
    "Choose the path they should lead to.",
  );
}

/**
 * Creates a folder and its missing parents. Each step is made inside the folder opened before it.
 * @returns the folders created, outermost first.
 */
export async function createFolders(path: string, space: Space): Promise<string[]> {
  const missing = await missingFolders(path, space);
  const [outermost] = missing;
  if (outermost === undefined) await withAnchor(path, "create", space, async () => {});
  else {
    const names = missing.map((folder) => basename(folder));
    const below = (anchor: Anchor) => createBelow(anchor, names, path);
    await withAnchor(dirname(outermost), "create", space, below, path);
  }
  return missing;
}

/** The folders of a path that do not exist yet, itself included, outermost first. */
export async function missingFolders(path: string, space: Space): Promise<string[]> {
  // Looking whether a folder exists must not look outside: the answers would tell what is there.
  if (await escapes(path, space)) throw leadsOutside("create", path);
  const missing: string[] = [];
  let existing = path;
  while (!space.roots.some((root) => root.real === existing || root.given === existing)) {
    const info = await lstat(existing).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    });
    if (info !== undefined) break;
    missing.unshift(existing);
    existing = dirname(existing);
  }
  return missing;
}

/** Creates the missing folders above a path that is about to be made. @returns them, outermost first. */
export async function createParents(path: string, verb: Verb, space: Space): Promise<string[]> {
  refuseRoot(verb, path, space);
  return await createFolders(dirname(path), space);
}

/** Writes a whole file; see {@link Files.write}. */
export async function writeWhole(
  path: string,
  bytes: Uint8Array,
  space: Space,
  options: WriteOptions,
): Promise<{ created: boolean; sizeBefore: number }> {
  return await withPlace(path, "write", space, { followLeaf: true }, async (anchor, name) => {
    const before = await childInfo(anchor, name);
    await checkReplaceable(anchor, name, path, before, options);
    const temporary = temporaryName();
    try {
      await writeTemporary(
        anchor.at(temporary),
        bytes,
        before === undefined ? undefined : await lstat(anchor.at(name)),
      );
      if (before === undefined) await linkNew(anchor, temporary, name);
      else {
        await space.copyAttributes(anchor.at(name), anchor.at(temporary));
        // The file may have been changed while we wrote, so it is looked at once more as late as can be.
        await space.alone(() => replaceUnchanged(anchor, temporary, name, path, before.identity));
      }
    } catch (error) {
      await unlink(anchor.at(temporary)).catch(() => {});
      throw error;
    }
    await syncFolder(anchor);
    return { created: before === undefined, sizeBefore: before?.size ?? 0 };
  });
}

/**
 * A name nobody else uses, for a file or folder that is still being made; it begins with the process that
 * does.
 */
export function temporaryName(): string {
  return `.clawhammer-${process.pid.toString(16).padStart(8, "0")}${randomBytes(8).toString("hex")}.tmp`;
}

/** The number of the process that is making what has this name; undefined for any other name. */
export function makerOf(name: string): number | undefined {
  const digits = /^\.clawhammer-([0-9a-f]{8})[0-9a-f]{16}\.tmp$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/**
 * Gives a finished file its name, only if the name is free. A hard link is the one portable step that never
 * overwrites; file systems without links (FAT, some network drives) get a check just before the rename.
 */
export async function linkNew(anchor: Anchor, temporary: string, name: string): Promise<void> {
  try {
    await link(anchor.at(temporary), anchor.at(name));
  } catch (error) {
    if (errorCode(error) === "EEXIST" || (await childInfo(anchor, name)) !== undefined) {
      throw exists(join(anchor.real, name));
    }
    await rename(anchor.at(temporary), anchor.at(name));
    return;
  }
  await unlink(anchor.at(temporary));
}

/** Makes a rename in the folder survive a power failure. Windows cannot and does not need to sync folders. */
export async function syncFolder(anchor: Anchor): Promise<void> {
  const folder = await open(anchor.at(""), constants.O_RDONLY).catch(() => undefined);
  try {
    await folder?.sync();
  } catch {
    // Some file systems cannot sync a folder; the file itself is on the disk already.
  } finally {
    await folder?.close();
  }
}

/** The error for something that is in the way. */
export function exists(path: string): ToolError {
  return new ToolError(
    `Cannot create "${show(path)}": something is there already`,
    "Choose another name, or move or delete what is there first.",
  );
}

/** Refuses to replace, move or delete an allowed folder itself. */
function refuseRoot(verb: Verb, path: string, space: Space): void {
  if (!space.roots.some((root) => root.real === path || root.given === path)) return;
  throw new ToolError(
    `Cannot ${verb} "${show(path)}": it is an allowed folder itself`,
    "Name something inside it.",
  );
}

async function targetOf(anchor: Anchor, name: string): Promise<string | undefined> {
  const info = await childInfo(anchor, name);
  return info?.kind === "link" ? await readlink(anchor.at(name)) : undefined;
}

async function createBelow(anchor: Anchor, names: readonly string[], path: string): Promise<void> {
  if (anchor.root.readOnly) throw readOnlyRoot("create", path, anchor.root);
  const [name, ...rest] = names;
  if (name === undefined) return;
  anchor.space.guard.check("create", join(anchor.real, name), path);
  await mkdir(anchor.at(name)).catch((error: unknown) => {
    // Another call may have made it in this moment; opening it tells whether it is a folder.
    if (errorCode(error) !== "EEXIST") throw error;
  });
  await withChild(anchor, name, "create", (child) => createBelow(child, rest, path));
}

async function checkReplaceable(
  anchor: Anchor,
  name: string,
  path: string,
  before: Info | undefined,
  options: WriteOptions,
): Promise<void> {
  if (before === undefined) {
    if (options.replaces === undefined) return;
    throw changed(path);
  }
  if (options.createOnly === true) throw exists(path);
  if (before.kind !== "file") throw wrongKind("write", path, before.kind, "file");
  if (options.replaces !== undefined && before.identity !== options.replaces) throw changed(path);
  // A rename would replace a write-protected file without asking; its protection must count.
  await expectWritable(anchor.at(name));
}

/**
 * Fails as opening the file for writing does. `access` would ask for the real user, not the one that counts.
 */
async function expectWritable(path: string): Promise<void> {
  try {
    const file = await open(path, constants.O_WRONLY | NO_FOLLOW | (constants.O_NONBLOCK ?? 0));
    await file.close();
  } catch (error) {
    // A program that is running cannot be written into, but it can be replaced.
    if (errorCode(error) !== "ETXTBSY") throw error;
  }
}

/**
 * Gives the new content the name, if what has the name is what the content was made from. Waits for nothing.
 */
export function replaceUnchanged(
  anchor: Anchor,
  temporary: string,
  name: string,
  path: string,
  identity: string,
): void {
  const there = lstatSync(anchor.at(name), { bigint: true, throwIfNoEntry: false });
  if (there === undefined || infoOf(there).identity !== identity) throw changed(path);
  renameSync(anchor.at(temporary), anchor.at(name));
}

function changed(path: string): ToolError {
  return new ToolError(
    `Cannot write "${show(path)}": it was changed meanwhile`,
    "Nothing was written. Read it again and repeat the change on what it holds now.",
  );
}

async function writeTemporary(path: string, bytes: Uint8Array, replaced: Stats | undefined): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
  // A replacement starts closed to others and only then gets the old permissions: never more open than
  // before.
  const file = await open(path, flags, replaced === undefined ? 0o666 : 0o600);
  try {
    for (let written = 0; written < bytes.length;) {
      written += (await file.write(bytes, written, bytes.length - written, null)).bytesWritten;
    }
    if (replaced !== undefined) await keepPermissions(file, replaced);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Owner first, because changing it clears the set-user-id bits that the mode then restores. */
async function keepPermissions(file: FileHandle, replaced: Stats): Promise<void> {
  const now = await file.stat();
  if (process.platform !== "win32" && (now.uid !== replaced.uid || now.gid !== replaced.gid)) {
    await file.chown(replaced.uid, replaced.gid).catch(() => {});
  }
  await file.chmod(replaced.mode & 0o7777);
}
