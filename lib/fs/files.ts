/**
 * The allowed part of the file system, assembled: see {@link Files}.
 * @module
 */
import { readlink, stat } from "node:fs/promises";
import { explain, type Verb } from "./errors.ts";
import { childInfo, entriesOf, infoOf, withAnchor, withFile, withFolder } from "./open.ts";
import { createGuard, type Guard } from "./guard.ts";
import { createPlatform } from "./platform.ts";
import { resolvePath } from "./roots.ts";
import type { Space } from "./space.ts";
import { copy, move, remove } from "./tree.ts";
import type { Files, Info, Root } from "./types.ts";
import { createFolders, createParents, withPlace, writeWhole } from "./write.ts";

/** What the file layer is made with besides the allowed folders. */
export interface FilesOptions {
  readonly guard?: Guard;
}

/**
 * Makes the file layer.
 * @param roots The allowed folders ({@link openRoots}); a function when a client may narrow them later.
 */
export function createFiles(
  roots: readonly Root[] | (() => readonly Root[]),
  options: FilesOptions = {},
): Files {
  const current = typeof roots === "function" ? roots : () => roots;
  const space: Space = {
    get roots() {
      return current();
    },
    guard: options.guard ?? createGuard(),
    platform: createPlatform(),
  };
  const namesOf = async (folder: string) => {
    return await withAnchor(
      folder,
      "list",
      space,
      async (anchor) => (await entriesOf(anchor)).map((entry) => entry.name),
    );
  };
  const explained = async <T>(verb: Verb, path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw await explain(verb, path, error, space, namesOf);
    }
  };
  return {
    get roots() {
      return space.roots;
    },
    exclusive: createLocks(),
    resolve: (path) => resolvePath(path, space.roots),
    withFile: (path, work) => explained("read", path, () => withFile(path, "read", space, work)),
    withFolder: (path, work) => explained("list", path, () => withFolder(path, "list", space, work)),
    info: (path) => explained("look at", path, () => infoAt(path, space)),
    createFolder: (path) => explained("create", path, () => createFolders(path, space)),
    write: (path, bytes, options = {}) =>
      explained("write", path, async () => {
        await createParents(path, "write", space);
        return await writeWhole(path, bytes, space, options);
      }),
    move: (source, destination, signal) =>
      explained("move", source, async () => {
        await infoAt(source, space);
        await explained("create", destination, () => createParents(destination, "create", space));
        await move(source, destination, space, signal);
      }),
    copy: (source, destination, signal) =>
      explained("copy", source, async () => {
        await infoAt(source, space);
        await explained("create", destination, () => createParents(destination, "create", space));
        return await copy(source, destination, space, signal);
      }),
    remove: (path, recursive, signal) =>
      explained("delete", path, () => remove(path, recursive, space, signal)),
  };
}

async function infoAt(path: string, space: Space): Promise<Info & { target?: string }> {
  if (space.roots.some((root) => root.real === path || root.given === path)) {
    return await withAnchor(
      path,
      "look at",
      space,
      async (anchor) => infoOf(await stat(anchor.at(""), { bigint: true })),
    );
  }
  return await withPlace(path, "look at", space, { followLeaf: false }, async (anchor, name) => {
    const info = await childInfo(anchor, name);
    if (info === undefined) throw Object.assign(new Error("no such file or folder"), { code: "ENOENT" });
    return info.kind === "link" ? { ...info, target: await readlink(anchor.at(name)) } : info;
  });
}

/**
 * Locks by path: work on the same path runs one after the other, in the order it came. Several paths are
 * locked in the order of their names, so that two calls never wait for each other.
 */
function createLocks(): Files["exclusive"] {
  const tails = new Map<string, Promise<unknown>>();
  const lock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    const before = tails.get(path) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => {});
    tails.set(path, settled);
    try {
      return await mine;
    } finally {
      if (tails.get(path) === settled) tails.delete(path);
    }
  };
  return async (paths, work) => {
    // The innermost lock is taken last, so wrapping from the last name outwards takes them in order.
    const inOrder = [...new Set(paths)].sort();
    return await inOrder.reduceRight((inner, path) => () => lock(path, inner), work)();
  };
}
