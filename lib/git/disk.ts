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
import { GIT_CALM_MS, GIT_FOLDERS_KEPT_MAX } from "../limits.ts";

type Soon<T> = T | Promise<T>;

/** What is in a folder, as far as it matters to whoever verifies a repository: names by kind. */
export interface Contents {
  readonly links: readonly string[];
  readonly folders: readonly string[];
  /** Pipes, sockets and devices. */
  readonly others: readonly string[];
  /** How many entries there are, files included. */
  readonly count: number;
}

/** Answers about the disk; undefined for what is not there or may not be looked at. */
export interface Disk {
  lstat(path: string): Soon<Stats | undefined>;
  stat(path: string): Soon<Stats | undefined>;
  /** Which file this is and in which state. */
  state(path: string): Soon<string>;
  /** What is in a folder; nothing in one that is not there. */
  contents(folder: string): Soon<Contents>;
  /** @throws when the path leads to nothing. */
  realpath(path: string): Soon<string>;
}

const patient: Disk = {
  lstat: (path) => lstat(path).catch(missing),
  stat: (path) => stat(path).catch(missing),
  state: async (path) => stateOf(await stat(path, { bigint: true }).catch(missing)),
  contents: async (folder) => sorted(await readdir(folder, { withFileTypes: true }).catch(missing) ?? []),
  realpath: (path) => realpath(path),
};

/** The disk that these folders are on. @param now Milliseconds since 1970. */
export function diskOf(roots: readonly Root[], now: () => number = Date.now): Disk {
  return areLocal(roots.map((root) => root.real)) ? immediate(now) : patient;
}

function immediate(now: () => number): Disk {
  return {
    lstat: (path) => attempt(() => lstatSync(path, { throwIfNoEntry: false })),
    stat: (path) => attempt(() => statSync(path, { throwIfNoEntry: false })),
    state: (path) => stateOf(statusOf(path)),
    contents: createMemory(now),
    realpath: (path) => realpathSync.native(path),
  };
}

/**
 * Lists folders, and remembers what is in them: an object store has hundreds, and to ask whether a folder is
 * still the same and unchanged takes a tenth of the time of listing it. Whatever is made, deleted, renamed or
 * replaced in a folder changes its times, of which nobody can set the last one (`ctime`). Two changes in the
 * same tick of the clock would show only once, so a folder that was changed a moment ago is not remembered.
 */
function createMemory(now: () => number): (folder: string) => Contents {
  const kept = new Map<string, { readonly state: string; readonly contents: Contents }>();
  return (folder) => {
    const info = statusOf(folder);
    if (info === undefined) return NOTHING;
    const state = stateOf(info);
    const known = kept.get(folder);
    if (known?.state === state) return known.contents;
    kept.delete(folder);
    const contents = sorted(attempt(() => readdirSync(folder, { withFileTypes: true })) ?? []);
    const changed = Number((info.ctimeNs > info.mtimeNs ? info.ctimeNs : info.mtimeNs) / 1_000_000n);
    if (now() - changed > GIT_CALM_MS) {
      if (kept.size >= GIT_FOLDERS_KEPT_MAX) kept.clear();
      kept.set(folder, { state, contents });
    }
    return contents;
  };
}

const NOTHING: Contents = { links: [], folders: [], others: [], count: 0 };

function sorted(entries: readonly Dirent[]): Contents {
  const names = (some: readonly Dirent[]) => some.map(({ name }) => name);
  return {
    links: names(entries.filter((entry) => entry.isSymbolicLink())),
    folders: names(entries.filter((entry) => entry.isDirectory())),
    others: names(
      entries.filter((entry) => !entry.isSymbolicLink() && !entry.isDirectory() && !entry.isFile()),
    ),
    count: entries.length,
  };
}

function statusOf(path: string) {
  return attempt(() => statSync(path, { bigint: true, throwIfNoEntry: false }));
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
