/**
 * The allowed part of the file system, assembled: see {@link Files}.
 * @module
 */
import { readlink, stat } from "node:fs/promises";
import { explain, type Verb } from "./errors.ts";
import { childInfo, entriesOf, infoOf, withAnchor, withFile, withFolder } from "./open.ts";
import type { Journal } from "../journal/types.ts";
import { createAttributes } from "./attributes.ts";
import { createGuard, type Guard } from "./guard.ts";
import type { PlainFiles } from "./changer.ts";
import { journaled } from "./journaled.ts";
import { createLocks } from "./locks.ts";
import { areLocal } from "./mounts.ts";
import { createPlatform, type Platform } from "./platform.ts";
import { resolvePath } from "./roots.ts";
import { settle } from "./settle.ts";
import type { Space } from "./space.ts";
import { copy, move, remove } from "./tree.ts";
import type { Files, Info, Root } from "./types.ts";
import { createNoChanges } from "./undo.ts";
import { createFolders, createParents, withPlace, writeWhole } from "./write.ts";

/** What the file layer is made with besides the allowed folders. */
export interface FilesOptions {
  readonly guard?: Guard;
  /** Where every change is recorded before it is made. Without one, no change can be taken back. */
  readonly journal?: Journal;
  /** What the system does for it; unless given, what fits the folders. */
  readonly platform?: Platform;
}

/**
 * Makes the file layer.
 * @param roots The allowed folders ({@link openRoots}); a function when a client may narrow them later.
 */
export function createFiles(
  roots: readonly Root[] | (() => readonly Root[]),
  options: FilesOptions = {},
): Files {
  const space = spaceOf(roots, options);
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
  const files: PlainFiles = {
    get roots() {
      return space.roots;
    },
    changes: createNoChanges(),
    exclusive: createLocks(),
    recorded: async (_change, _signal, work) => ({ result: await work() }),
    resolve: (path) => resolvePath(path, space.roots),
    settle: (path) => settle(path, space),
    withFile: (path, work) => explained("read", path, () => withFile(path, "read", space, work)),
    withFolder: (path, work) => explained("list", path, () => withFolder(path, "list", space, work)),
    info: (path) => explained("look at", path, () => infoAt(path, space)),
    createFolder: (path) => explained("create", path, () => createFolders(path, space)),
    write: (path, bytes, options = {}) =>
      explained("write", path, async () => {
        const folders = await createParents(path, "write", space);
        return { ...await writeWhole(path, bytes, space, options), folders };
      }),
    move: (source, destination, signal) =>
      explained("move", source, async () => {
        await infoAt(source, space);
        const folders = await explained(
          "create",
          destination,
          () => createParents(destination, "create", space),
        );
        await move(source, destination, space, signal);
        return { folders };
      }),
    copy: (source, destination, signal) =>
      explained("copy", source, async () => {
        await infoAt(source, space);
        const folders = await explained(
          "create",
          destination,
          () => createParents(destination, "create", space),
        );
        return { ...await copy(source, destination, space, signal), folders };
      }),
    remove: (path, recursive, signal, check) =>
      explained("delete", path, () => remove(path, recursive, space, signal, check)),
  };
  return options.journal === undefined ? files : journaled(files, space, options.journal, explained);
}

function spaceOf(
  roots: readonly Root[] | (() => readonly Root[]),
  { guard, journal, platform }: FilesOptions,
): Space {
  const current = typeof roots === "function" ? roots : () => roots;
  return {
    get roots() {
      return current();
    },
    guard: guard ?? createGuard(),
    platform: platform ?? createPlatform(areLocal(current().map((root) => root.real))),
    copyAttributes: createAttributes(),
    alone: journal?.alone ?? (async (work) => await work()),
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
