/**
 * Moving, copying and deleting. What is copied appears under its name only when it is complete, and a
 * source is removed only when its copy is.
 * @module
 */
import { constants } from "node:fs";
import { link, lstat, mkdir, open, readlink, rename, rmdir, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, throwIfAborted, ToolError } from "../errors.ts";
import { READ_CHUNK_BYTES, TREE_DEPTH_MAX, TREE_ENTRIES_MAX } from "../limits.ts";
import { tooDeep, tooMany, wrongKind } from "./errors.ts";
import { type Anchor, childInfo, entriesOf, withChild, withChildFile } from "./open.ts";
import { isInside, show } from "./roots.ts";
import type { Space } from "./space.ts";
import type { Info } from "./types.ts";
import { exists, linkNew, syncFolder, temporaryName, withPlace } from "./write.ts";

/** What a recursive operation touched. */
export interface Tally {
  entries: number;
  bytes: number;
}

/** Moves or renames; see {@link Files.move}. */
export async function move(
  source: string,
  destination: string,
  space: Space,
  signal: AbortSignal,
): Promise<void> {
  await withPlace(source, "move", space, { followLeaf: false }, (from, name) => {
    return withPlace(destination, "create", space, { followLeaf: false }, async (to, newName) => {
      const info = await present(from, name, source, "move");
      if (info.kind === "folder") {
        checkFolders("move", from, name, to, newName);
        if (space.guard.checkEntry !== undefined) {
          await count("move", from, name, signal, { entries: 0, bytes: 0 });
        }
      }
      const there = await childInfo(to, newName);
      // A change of letter case alone finds the very same file where the file system ignores case.
      if (there !== undefined && there.identity !== info.identity) throw exists(destination);
      try {
        await renameFree(from, name, to, newName, info);
      } catch (error) {
        if (errorCode(error) !== "EXDEV") throw error;
        await copyInto(from, name, to, newName, signal);
        await removeEntry(from, name, signal);
      }
      await syncFolder(to);
      await syncFolder(from);
    });
  });
}

/** Copies a file, a link or a folder with everything in it; see {@link Files.copy}. */
export async function copy(
  source: string,
  destination: string,
  space: Space,
  signal: AbortSignal,
): Promise<Tally> {
  return await withPlace(source, "copy", space, { followLeaf: false }, (from, name) => {
    return withPlace(destination, "create", space, { followLeaf: false }, async (to, newName) => {
      const info = await present(from, name, source, "copy");
      if (info.kind === "folder") checkFolders("copy", from, name, to, newName);
      if ((await childInfo(to, newName)) !== undefined) throw exists(destination);
      const tally = await copyInto(from, name, to, newName, signal);
      await syncFolder(to);
      return tally;
    });
  });
}

/** Deletes; see {@link Files.remove}. */
export async function remove(
  path: string,
  recursive: boolean,
  space: Space,
  signal: AbortSignal,
  check?: (real: string, info: Info) => void,
): Promise<Tally> {
  return await withPlace(path, "delete", space, { followLeaf: false }, async (anchor, name) => {
    const info = await present(anchor, name, path, "delete");
    if (info.kind === "folder") {
      refuseAllowedInside("delete", join(anchor.real, name), path, space);
      space.guard.checkTree("delete", join(anchor.real, name), path);
    }
    const tally = { entries: 0, bytes: 0 };
    await count("delete", anchor, name, signal, tally);
    if (info.kind === "folder" && tally.entries > 1 && !recursive) {
      const inside = (tally.entries - 1).toLocaleString("en-US");
      throw new ToolError(
        `Cannot delete "${show(path)}": the folder is not empty, it holds ${inside} ${
          tally.entries === 2 ? "entry" : "entries"
        }`,
        "Look at it with list_directory; to delete it with everything in it, set recursive to true.",
      );
    }
    await removeEntry(anchor, name, signal, check);
    await syncFolder(anchor);
    return tally;
  });
}

async function present(
  anchor: Anchor,
  name: string,
  path: string,
  verb: "move" | "copy" | "delete",
): Promise<Info> {
  const info = await childInfo(anchor, name);
  if (info !== undefined) {
    if (info.kind === "other" && verb === "copy") throw wrongKind(verb, path, info.kind, "file");
    return info;
  }
  // Raised as the system would, so that the layer above adds the nearest names.
  throw Object.assign(new Error(`no such file or folder`), { code: "ENOENT" });
}

/** A folder must not go into itself, nor carry protected files to or from a name that protects them. */
function checkFolders(
  verb: "move" | "copy",
  source: Anchor,
  name: string,
  target: Anchor,
  newName: string,
): void {
  const from = join(source.real, name);
  const to = join(target.real, newName);
  if (verb === "move") refuseAllowedInside(verb, from, from, source.space);
  source.space.guard.checkTree(verb, from, from);
  source.space.guard.checkTree("create", to, to);
  if (from === to || !isInside(to, from)) return;
  throw new ToolError(
    `Cannot ${verb} "${show(from)}" into itself`,
    "Choose a destination outside of it.",
  );
}

/** An allowed folder inside a tree, which may be allowed for reading only, must not go with it. */
function refuseAllowedInside(
  verb: "move" | "delete",
  real: string,
  shown: string,
  { roots }: Space,
): void {
  const inside = roots.find((root) => root.real !== real && isInside(root.real, real));
  if (inside === undefined) return;
  throw new ToolError(
    `Cannot ${verb} "${show(shown)}": the allowed folder "${inside.given}" is inside it`,
    "Name what is beside that folder one by one.",
  );
}

/**
 * Renames without overwriting. A file takes its new name as a second link first, which fails when it is
 * taken.
 */
async function renameFree(
  from: Anchor,
  name: string,
  to: Anchor,
  newName: string,
  info: Info,
): Promise<void> {
  if (info.kind === "file" && (await childInfo(to, newName)) === undefined) {
    const linked = await link(from.at(name), to.at(newName)).then(() => true, (error: unknown) => {
      if (errorCode(error) === "EEXIST") throw exists(join(to.real, newName));
      if (errorCode(error) === "EXDEV") throw error;
      // File systems without hard links, and systems that protect them, still rename.
      return false;
    });
    if (linked) {
      return await unlink(from.at(name)).catch(async (error: unknown) => {
        // The old name cannot be taken away, so the new one must go: a rename between the two would do
        // nothing.
        await unlink(to.at(newName));
        throw error;
      });
    }
  }
  await rename(from.at(name), to.at(newName));
}

/** Copies under a temporary name and gives the final one when everything is there. */
async function copyInto(
  from: Anchor,
  name: string,
  to: Anchor,
  newName: string,
  signal: AbortSignal,
): Promise<Tally> {
  const temporary = temporaryName();
  const tally = { entries: 0, bytes: 0 };
  // Counted first, so that a tree that is too large is refused before anything is written.
  await count("copy", from, name, signal, { entries: 0, bytes: 0 });
  try {
    const info = await copyEntry(from, name, to, temporary, signal, tally);
    if (info.kind === "file") await linkNew(to, temporary, newName);
    else {
      if ((await childInfo(to, newName)) !== undefined) throw exists(join(to.real, newName));
      await rename(to.at(temporary), to.at(newName));
    }
  } catch (error) {
    // The clean-up must run to its end also when the call was cancelled.
    if ((await childInfo(to, temporary)) !== undefined) {
      await removeEntry(to, temporary, new AbortController().signal);
    }
    throw error;
  }
  return tally;
}

async function copyEntry(
  from: Anchor,
  name: string,
  to: Anchor,
  newName: string,
  signal: AbortSignal,
  tally: Tally,
): Promise<Info> {
  throwIfAborted(signal);
  const info = await childInfo(from, name);
  if (info === undefined) {
    throw new ToolError(`Cannot copy "${show(name)}": it disappeared meanwhile`, "Try again.");
  }
  if (info.kind === "other") throw wrongKind("copy", join(from.real, name), info.kind, "file");
  tally.entries++;
  if (info.kind === "link") await symlink(await readlink(from.at(name)), to.at(newName));
  else if (info.kind === "file") tally.bytes += await copyFile(from, name, to, newName, signal);
  else {
    await mkdir(to.at(newName), 0o700);
    await withChild(from, name, "copy", (inner) => {
      return withChild(to, newName, "copy", async (innerTo) => {
        for (const entry of await entriesOf(inner)) {
          await copyEntry(inner, entry.name, innerTo, entry.name, signal, tally);
        }
        await applyMode(innerTo, info.mode);
      });
    });
  }
  return info;
}

async function copyFile(
  from: Anchor,
  name: string,
  to: Anchor,
  newName: string,
  signal: AbortSignal,
): Promise<number> {
  return await withChildFile(from, name, "copy", async (file) => {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
    const target = await open(to.at(newName), flags, 0o600);
    try {
      // Most files are small; one byte more than the file has shows its end.
      const buffer = new Uint8Array(Math.min(16 * READ_CHUNK_BYTES, file.info.size + 1));
      let position = 0;
      for (;;) {
        throwIfAborted(signal);
        const length = await file.read(buffer, position);
        if (length === 0) break;
        for (let written = 0; written < length;) {
          written += (await target.write(buffer, written, length - written, null)).bytesWritten;
        }
        position += length;
      }
      await from.space.copyAttributes(from.at(name), to.at(newName));
      await target.chmod(file.info.mode & 0o777);
      await target.sync();
      return position;
    } finally {
      await target.close();
    }
  });
}

async function applyMode(anchor: Anchor, mode: number): Promise<void> {
  const folder = await open(anchor.at(""), constants.O_RDONLY);
  try {
    await folder.chmod(mode & 0o777);
  } finally {
    await folder.close();
  }
}

/**
 * Adds up a tree.
 * @throws {ToolError} when it is too large or too deep, and for what the person has protected in it.
 */
async function count(
  verb: "move" | "copy" | "delete",
  anchor: Anchor,
  name: string,
  signal: AbortSignal,
  tally: Tally,
  depth = 0,
): Promise<void> {
  throwIfAborted(signal);
  anchor.space.guard.checkEntry?.(verb, join(anchor.real, name));
  const stats = await lstat(anchor.at(name));
  tally.entries++;
  if (tally.entries > TREE_ENTRIES_MAX) throw tooMany(join(anchor.real, name));
  if (depth > TREE_DEPTH_MAX) throw tooDeep(join(anchor.real, name), depth);
  if (stats.isFile()) tally.bytes += stats.size;
  if (!stats.isDirectory()) return;
  await withChild(anchor, name, "look at", async (child) => {
    for (const entry of await entriesOf(child)) {
      await count(verb, child, entry.name, signal, tally, depth + 1);
    }
  });
}

/** Deletes an entry of a folder with everything in it; see {@link PlainFiles.remove} for `check`. */
export async function removeEntry(
  anchor: Anchor,
  name: string,
  signal: AbortSignal,
  check?: (real: string, info: Info) => void,
): Promise<void> {
  throwIfAborted(signal);
  const info = await childInfo(anchor, name);
  if (info === undefined) return;
  check?.(join(anchor.real, name), info);
  if (info.kind !== "folder") return await unlink(anchor.at(name));
  await withChild(anchor, name, "delete", async (child) => {
    for (const entry of await entriesOf(child)) await removeEntry(child, entry.name, signal, check);
  });
  await rmdir(anchor.at(name));
}
