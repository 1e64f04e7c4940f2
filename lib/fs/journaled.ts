/**
 * A file layer that records every change before it makes it; see `changer.ts`.
 * @module
 */
import type { Journal } from "../journal/types.ts";
import { copy, createFolder, move, type PlainFiles, remove, type Workshop, write } from "./changer.ts";
import { createLocks } from "./locks.ts";
import { recordProgram } from "./program.ts";
import type { Space } from "./space.ts";
import type { Files } from "./types.ts";
import { createChanges } from "./undo.ts";

/**
 * Wraps a file layer. Reading is the layer's own.
 * @param explained Turns system errors of work on a path into instructions.
 */
export function journaled(
  files: PlainFiles,
  space: Space,
  journal: Journal,
  explained: Workshop["explained"],
): Files {
  const shop: Workshop = { files, space, journal, explained, exclusive: createLocks() };
  return {
    get roots() {
      return files.roots;
    },
    resolve: files.resolve,
    settle: files.settle,
    withFile: files.withFile,
    withFolder: files.withFolder,
    info: files.info,
    exclusive: files.exclusive,
    changes: createChanges(shop),
    recorded: (change, signal, work) => recordProgram(change, () => work(), signal, shop),
    createFolder: async (path) => (await createFolder(path, shop)).result,
    write: async (path, bytes, options = {}) => (await write(path, bytes, options, shop)).result,
    move: async (source, destination, signal) => (await move(source, destination, signal, shop)).result,
    copy: async (source, destination, signal) => (await copy(source, destination, signal, shop)).result,
    remove: async (path, recursive, signal) => (await remove(path, recursive, signal, shop)).result,
  };
}
