/**
 * Replaces a configuration file that belongs to another program: entirely old or entirely new, never when it
 * was changed meanwhile, and with the mode, the owner and the link it had.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { accessSync } from "node:fs";
import {
  access,
  chown,
  constants,
  link,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, errorText, ToolError } from "../errors.ts";
import { rightsCommand } from "../rights.ts";

/** The bytes of a file; undefined when there is none. */
export type Bytes = Uint8Array | undefined;

/** Somebody else changed the file after it was read. */
export class ChangedMeanwhileError extends ToolError {
  constructor(path: string) {
    super(`"${path}" was changed meanwhile`, "It is left as it is; try again");
    this.name = "ChangedMeanwhileError";
  }
}

/**
 * Puts `after` where `before` is.
 * @returns The folders that had to be made, outermost first.
 * @throws {ChangedMeanwhileError} when `before` is not what is there.
 * @throws {ToolError} when the file or its folder cannot be written.
 */
export async function replaceConfig(path: string, before: Bytes, after: Bytes): Promise<string[]> {
  const target = await targetOf(path);
  try {
    if (after === undefined) {
      await expect(target, before);
      if (before !== undefined) await unlink(target);
      return [];
    }
    const made = await makeFolders(dirname(target));
    try {
      await replace(target, before, after);
      return made;
    } catch (error) {
      await removeFolders(made);
      throw error;
    }
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw explain(error, target);
  }
}

/** Removes folders, innermost first, as long as they are empty. */
export async function removeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders.toReversed()) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}

/** The file that a path leads to: what a link names is replaced, not the link. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw explain(error, path);
  }
  try {
    // What the link names is missing, and may be named through further links.
    return await targetOf(resolve(dirname(path), await readlink(path)));
  } catch (error) {
    if (error instanceof ToolError || !/^(ENOENT|EINVAL|UNKNOWN)$/.test(errorCode(error) ?? "")) throw error;
    return path;
  }
}

async function makeFolders(folder: string): Promise<string[]> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return [];
  const made: string[] = [];
  for (let at = folder; at.length >= first.length; at = dirname(at)) made.unshift(at);
  return made;
}

async function replace(target: string, before: Bytes, after: Uint8Array): Promise<void> {
  const old = before === undefined ? undefined : await stat(target).catch(() => undefined);
  if (old !== undefined && (old.mode & 0o222) === 0) throw readOnly(target);
  if (old !== undefined) await access(target, constants.W_OK);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    // What stands in configurations may be secret: a new one is for its owner alone.
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(after);
      if (old !== undefined) await handle.chmod(old.mode & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await keepOwner(temporary, old ?? await stat(dirname(target)));
    await expect(target, before);
    if (before === undefined) await putNew(temporary, target);
    else await renamePatiently(temporary, target);
    await syncFolder(dirname(target));
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Installed with `sudo`, a file of a person must not become root's. */
async function keepOwner(path: string, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
  const now = await stat(path);
  if (process.platform === "win32" || (now.uid === owner.uid && now.gid === owner.gid)) return;
  await chown(path, owner.uid, owner.gid).catch(() => {});
}

/** Gives a file a name that nobody has taken meanwhile. */
async function putNew(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (errorCode(error) === "EEXIST") throw new ChangedMeanwhileError(target);
    // The file system has no hard links.
    await renamePatiently(temporary, target);
  }
}

/** On Windows a scanner or the client itself may hold the file for a moment. */
async function renamePatiently(from: string, to: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await rename(from, to);
    } catch (error) {
      const busy = process.platform === "win32" && /^(EPERM|EACCES|EBUSY)$/.test(errorCode(error) ?? "");
      if (!busy || tries === 10) throw error;
      await sleep(100);
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch {
    // Some file systems cannot; the file itself is safe.
  } finally {
    await handle.close();
  }
}

async function expect(path: string, before: Bytes): Promise<void> {
  let now: Bytes;
  try {
    now = await readFile(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR") throw error;
  }
  const equal = now === undefined || before === undefined
    ? now === before
    : Buffer.compare(now, before) === 0;
  if (!equal) throw new ChangedMeanwhileError(path);
}

function readOnly(path: string): ToolError {
  return new ToolError(
    `Cannot change "${path}": the file is read-only`,
    `Allow it with: ${rightsCommand(path)}`,
  );
}

/** Whether the file is not what refuses: then it is its folder, in which the new one is made. */
function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
}

function explain(error: unknown, path: string): ToolError {
  const code = errorCode(error);
  if (code === "EACCES" || code === "EPERM") {
    return new ToolError(
      `Cannot change "${path}": you have no permission to write there`,
      `Nothing was changed. Allow it with: ${rightsCommand(mayWrite(path) ? dirname(path) : path)}`,
    );
  }
  if (code === "EROFS") {
    return new ToolError(
      `Cannot change "${path}": the file system is read-only`,
      "A configuration that another program manages (Nix, a profile of your employer) is changed there",
    );
  }
  if (code === "ENOSPC") {
    return new ToolError(`Cannot change "${path}": the disk is full`, "Nothing was changed; free some space");
  }
  return new ToolError(`Cannot change "${path}": ${errorText(error)}`, "Nothing was changed");
}
