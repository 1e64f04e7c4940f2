/**
 * Looking at the disk while a repository is found and verified: some dozen small questions, one after the
 * other. On a local disk they are asked directly, which takes less time than waking a thread for each; on any
 * other, a dead drive must stop the call and not the server.
 * @module
 */
import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { errorCode } from "../errors.ts";
import { areLocal } from "../fs/mounts.ts";
import type { Root } from "../fs/types.ts";

type Soon<T> = T | Promise<T>;

/** Answers about the disk; undefined for what is not there or may not be looked at. */
export interface Disk {
  lstat(path: string): Soon<Stats | undefined>;
  stat(path: string): Soon<Stats | undefined>;
  /** Which file this is and in which state. */
  state(path: string): Soon<string>;
  /** The entries of a folder; none of one that is not there. */
  entries(folder: string): Soon<readonly Dirent[]>;
  /** @throws when the path leads to nothing. */
  realpath(path: string): Soon<string>;
}

const patient: Disk = {
  lstat: (path) => lstat(path).catch(missing),
  stat: (path) => stat(path).catch(missing),
  state: async (path) => stateOf(await stat(path, { bigint: true }).catch(missing)),
  entries: async (folder) => await readdir(folder, { withFileTypes: true }).catch(missing) ?? [],
  realpath: (path) => realpath(path),
};

const immediate: Disk = {
  lstat: (path) => attempt(() => lstatSync(path, { throwIfNoEntry: false })),
  stat: (path) => attempt(() => statSync(path, { throwIfNoEntry: false })),
  state: (path) => stateOf(attempt(() => statSync(path, { bigint: true, throwIfNoEntry: false }))),
  entries: (folder) => attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [],
  realpath: (path) => realpathSync.native(path),
};

/** The disk that these folders are on. */
export function diskOf(roots: readonly Root[]): Disk {
  return areLocal(roots.map((root) => root.real)) ? immediate : patient;
}

function stateOf(
  info: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint } | undefined,
) {
  return info === undefined ? "" : `${info.dev}:${info.ino}:${info.size}:${info.mtimeNs}:${info.ctimeNs}`;
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    return missing(error);
  }
}

function missing(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR", "ELOOP", "EACCES"].includes(errorCode(error) ?? "")) return undefined;
  throw error;
}
