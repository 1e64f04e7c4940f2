/**
 * The allowed part of the file system, assembled: see {@link Files}.
 * @module
 */
import { readlink, stat } from "node:fs/promises";
import { explain, type Verb } from "./errors.ts";
import { childInfo, entriesOf, infoOf, withAnchor, withFile, withFolder } from "./open.ts";
import { resolvePath } from "./roots.ts";
import { copy, move, remove } from "./tree.ts";
import type { Files, Info, Root } from "./types.ts";
import { createFolders, createParents, withPlace, writeWhole } from "./write.ts";

/** Makes the file layer for some allowed folders ({@link openRoots}). It holds no state but its locks. */
export function createFiles(roots: readonly Root[]): Files {
  const namesOf = async (folder: string) => {
    return await withAnchor(
      folder,
      "list",
      roots,
      async (anchor) => (await entriesOf(anchor)).map((entry) => entry.name),
    );
  };
  const explained = async <T>(verb: Verb, path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw await explain(verb, path, error, roots, namesOf);
    }
  };
  return {
    roots,
    exclusive: createLocks(),
    resolve: (path) => resolvePath(path, roots),
    withFile: (path, work) => explained("read", path, () => withFile(path, "read", roots, work)),
    withFolder: (path, work) => explained("list", path, () => withFolder(path, "list", roots, work)),
    info: (path) => explained("look at", path, () => infoAt(path, roots)),
    createFolder: (path) => explained("create", path, () => createFolders(path, roots)),
    write: (path, bytes, options = {}) =>
      explained("write", path, async () => {
        await createParents(path, "write", roots);
        return await writeWhole(path, bytes, roots, options);
      }),
    move: (source, destination, signal) =>
      explained("move", source, async () => {
        await infoAt(source, roots);
        await explained("create", destination, () => createParents(destination, "create", roots));
        await move(source, destination, roots, signal);
      }),
    copy: (source, destination, signal) =>
      explained("copy", source, async () => {
        await infoAt(source, roots);
        await explained("create", destination, () => createParents(destination, "create", roots));
        return await copy(source, destination, roots, signal);
      }),
    remove: (path, recursive, signal) =>
      explained("delete", path, () => remove(path, recursive, roots, signal)),
  };
}

async function infoAt(path: string, roots: readonly Root[]): Promise<Info & { target?: string }> {
  if (roots.some((root) => root.real === path || root.given === path)) {
    return await withAnchor(
      path,
      "look at",
      roots,
      async (anchor) => infoOf(await stat(anchor.at(""), { bigint: true })),
    );
  }
  return await withPlace(path, "look at", roots, { followLeaf: false }, async (anchor, name) => {
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
