/**
 * Making changes and recording them, each before it is made, with all that is needed to take it back.
 *
 * Order: what the change will destroy is kept, the entry is announced (both have reached the disk by then),
 * the change is made only if the files are still as they were kept, the entry is closed. A change that fails
 * leaves no entry, unless a part of it happened.
 * @module
 */
import { sep } from "node:path";
import { ToolError } from "../errors.ts";
import { digestOfBytes } from "../journal/blobs.ts";
import type { Change, Image, Images, Journal, Plan, Recording, TreeNode } from "../journal/types.ts";
import { JOURNAL_INLINE_BYTES_MAX } from "../limits.ts";
import { ChangedError, type Verb } from "./errors.ts";
import { examine } from "./examine.ts";
import { imageAt, imageOf, locate, markOf, type Place, readTree, type Tree } from "./image.ts";
import { childInfo, withChildFile } from "./open.ts";
import { reconcile, removeEmptyFolders } from "./reconcile.ts";
import { restoreTree } from "./restore.ts";
import { show } from "./roots.ts";
import type { Space } from "./space.ts";
import type { Files, Info, WriteOptions } from "./types.ts";
import { createParents, exists, missingFolders, withPlace } from "./write.ts";

/** A file layer that records nothing. */
export interface PlainFiles extends Files {
  /**
   * Deletes; see {@link Files.remove}.
   * @param check Told of each entry (its real path) just before it is deleted; what it throws ends it.
   */
  remove(
    path: string,
    recursive: boolean,
    signal: AbortSignal,
    check?: (real: string, info: Info) => void,
  ): Promise<Tally>;
}

/** What changes are made with. */
export interface Workshop {
  readonly files: PlainFiles;
  readonly space: Space;
  readonly journal: Journal;
  /** Turns system errors of work on a path into instructions. */
  readonly explained: <T>(verb: Verb, path: string, work: () => Promise<T>) => Promise<T>;
  /** Locks of its own: tools may hold those of `files` while they call. */
  readonly exclusive: Files["exclusive"];
}

/** Why a change is made, when it takes another one back. */
export interface Cause {
  readonly undoes?: number;
  /** The digest of what must stand there, or nothing is done. */
  readonly expect?: string;
  /** Where that must stand, when it is not the changed path itself but below it. */
  readonly at?: string;
}

/** A change that was made, and its number; none when there was nothing to do. */
export interface Made<T> {
  readonly result: T;
  readonly id?: number;
}

/** What a recursive change touched. */
export interface Tally {
  readonly entries: number;
  readonly bytes: number;
}

interface Steps<T> {
  /** Keeps what will be destroyed. */
  prepare(recording: Recording): Promise<Images>;
  /** Makes the change. */
  act(): Promise<T>;
  /** Looks at what was made, when that was not known before. */
  look?(): Promise<Image | undefined>;
  /** Whether it can have changed anything when it failed. */
  touched?(): boolean;
}

/** What an empty folder looks like: a folder that was just created. */
function emptyFolder(): Image | undefined {
  return imageOf([{ path: "", kind: "folder", mode: 0, modified: 0, size: 0, content: "" }]);
}

/** Writes a whole file; see {@link Files.write}. */
export async function write(
  path: string,
  bytes: Uint8Array,
  options: WriteOptions,
  shop: Workshop,
  cause: Cause = {},
): Promise<Made<Awaited<ReturnType<Files["write"]>>>> {
  return await shop.exclusive([path], async () => {
    const place = await placeOf(path, "write", shop, true);
    let guarded = options;
    return await perform(planOf("write", place, cause), shop, {
      async prepare(recording) {
        const kept = place.missing.length > 0 ? undefined : await keepFile(path, recording, shop);
        if (kept?.image !== undefined) guarded = { ...options, replaces: options.replaces ?? kept.identity };
        else if (kept === undefined) guarded = { ...options, createOnly: true };
        expectImage(kept?.image, cause, place.real);
        if (bytes.length <= JOURNAL_INLINE_BYTES_MAX) await recording.keepBytes(bytes);
        const after: Image = { kind: "file", digest: digestOfBytes(bytes), bytes: bytes.length, entries: 1 };
        return { ...(kept?.image === undefined ? {} : { before: kept.image }), after };
      },
      act: () => shop.files.write(path, bytes, guarded),
    });
  });
}

/** Creates a folder and its missing parents; see {@link Files.createFolder}. */
export async function createFolder(path: string, shop: Workshop): Promise<Made<string[]>> {
  return await shop.exclusive([path], async () => {
    const missing = await shop.explained("create", path, () => missingFolders(path, shop.space));
    if (missing.length === 0) return { result: await shop.files.createFolder(path) };
    const place = await placeOf(path, "create", shop, false);
    const plan = planOf("create", place, {});
    return await perform({ ...plan, folders: [...place.missing, place.real] }, shop, {
      prepare: () => Promise.resolve({ after: emptyFolder() }),
      act: () => shop.files.createFolder(path),
    });
  });
}

/** Moves or renames; see {@link Files.move}. */
export async function move(
  source: string,
  destination: string,
  signal: AbortSignal,
  shop: Workshop,
  cause: Cause = {},
): Promise<Made<{ folders: string[] }>> {
  return await shop.exclusive([source, destination], async () => {
    const [plan, info] = await planOfTwo("move", source, destination, shop, cause);
    // Nothing is destroyed and contents are not compared: whatever is there by the time of the undo moves
    // back.
    const moved: Image = {
      kind: info.kind === "other" ? "file" : info.kind,
      digest: "",
      bytes: info.kind === "file" ? info.size : 0,
      entries: 1,
    };
    return await perform(plan, shop, {
      prepare: () => Promise.resolve({ before: moved, after: moved }),
      act: () => shop.files.move(source, destination, signal),
    });
  });
}

/** Copies a file or a folder; see {@link Files.copy}. */
export async function copy(
  source: string,
  destination: string,
  signal: AbortSignal,
  shop: Workshop,
): Promise<Made<Awaited<ReturnType<Files["copy"]>>>> {
  return await shop.exclusive([source, destination], async () => {
    const [plan] = await planOfTwo("copy", source, destination, shop, {});
    return await perform(plan, shop, {
      prepare: () => Promise.resolve({}),
      act: () => shop.files.copy(source, destination, signal),
      // A copy gets its name when it is complete.
      touched: () => false,
      look: () => imageAt(plan.destination ?? plan.path, shop.space, new AbortController().signal),
    });
  });
}

/** Deletes; see {@link Files.remove}. */
export async function remove(
  path: string,
  recursive: boolean,
  signal: AbortSignal,
  shop: Workshop,
  cause: Cause = {},
): Promise<Made<Tally>> {
  return await shop.exclusive([path], async () => {
    const place = await shop.explained("delete", path, async () => {
      const found = await locate(path, "delete", shop.space, false);
      mustExist(found, "delete", path);
      return found;
    });
    let marks: Tree["marks"] = new Map();
    let touched = false;
    return await perform(planOf("delete", place, cause), shop, {
      async prepare(recording) {
        const tree = await shop.explained("delete", path, () =>
          readTree(path, shop.space, {
            content: (file) => recording.keepFile(file),
            // Without `recursive` only an empty folder is deleted, and that is all of it.
            deep: recursive,
            kept: true,
            signal,
          }));
        expectImage(tree && below(tree, place.real, cause), cause, place.real);
        if (tree === undefined) throw meanwhile("delete", path);
        marks = tree.marks;
        const kept = await recording.keepBytes(new TextEncoder().encode(JSON.stringify(tree.nodes)));
        return { before: { ...tree.image, tree: kept } };
      },
      act: () =>
        shop.files.remove(path, recursive, signal, (real, info) => {
          if (marks.get(real) !== markOf(info)) throw meanwhile("delete", real);
          if (info.kind !== "folder") touched = true;
        }),
      touched: () => touched,
    });
  });
}

/** Puts a deleted tree back. Only an undo does that. */
export async function restore(
  path: string,
  nodes: readonly TreeNode[],
  signal: AbortSignal,
  shop: Workshop,
  cause: Cause,
): Promise<Made<void>> {
  return await shop.exclusive([path], async () => {
    const place = await placeOf(path, "create", shop, false);
    return await perform(planOf("restore", place, cause), shop, {
      prepare: () => Promise.resolve({ after: imageOf(nodes) }),
      act: () =>
        shop.explained("create", path, async () => {
          await createParents(path, "create", shop.space);
          await restoreTree(path, nodes, shop.space, shop.journal.read, signal);
        }),
    });
  });
}

async function perform<T>(plan: Plan, shop: Workshop, steps: Steps<T>): Promise<Made<T>> {
  await reconcile(shop);
  const recording = shop.journal.record(plan);
  let change: Change;
  try {
    change = await recording.announce(await steps.prepare(recording));
  } catch (error) {
    await recording.drop();
    throw error;
  }
  let result: T;
  try {
    result = await steps.act();
  } catch (error) {
    throw await failed(error, change, recording, shop, steps.touched?.() ?? true);
  }
  // What cannot be looked at now cannot be compared later: its undo will be refused.
  await recording.done(await steps.look?.().catch(() => undefined));
  return { result, id: change.id };
}

/** Closes the entry of a change that failed. @returns the error to throw. */
async function failed(
  error: unknown,
  change: Change,
  recording: Recording,
  { space, journal }: Workshop,
  touched: boolean,
): Promise<unknown> {
  const { happened, after } = touched
    ? await examine(change, false, { space, journal }, new AbortController().signal).catch(() => ({
      happened: true,
      after: undefined,
    }))
    : { happened: false, after: undefined };
  if (!happened) {
    await recording.drop();
    await removeEmptyFolders(change.folders, space);
    return error;
  }
  await recording.done(after);
  if (!(error instanceof ToolError)) return error;
  const hint = `A part of it was done: undo_change {"id":${change.id}} takes that back.`;
  return new ToolError(error.message, `${error.next} ${hint}`);
}

async function placeOf(path: string, verb: Verb, shop: Workshop, followLeaf: boolean): Promise<Place> {
  return await shop.explained(verb, path, () => locate(path, verb, shop.space, followLeaf));
}

function planOf(action: Plan["action"], place: Place, { undoes }: Cause): Plan {
  const { real, root, missing } = place;
  return { action, path: real, roots: [root], folders: missing, ...(undoes === undefined ? {} : { undoes }) };
}

async function planOfTwo(
  verb: "move" | "copy",
  source: string,
  destination: string,
  shop: Workshop,
  cause: Cause,
): Promise<[Plan, Info]> {
  return await shop.explained(verb, source, async () => {
    const from = await locate(source, verb, shop.space, false);
    const info = mustExist(from, verb, source);
    const to = await placeOf(destination, "create", shop, false);
    // An entry must mean that the destination was free, or its undo would take away what was there before.
    // Where letter case does not count, a new case of its letters finds the source itself.
    if (to.info !== undefined && (to.info.identity !== info.identity || to.real === from.real)) {
      throw exists(destination);
    }
    const roots = [...new Set([from.root, to.root])];
    return [{ ...planOf(verb, from, cause), destination: to.real, roots, folders: to.missing }, info];
  });
}

async function keepFile(
  path: string,
  recording: Recording,
  { space, explained }: Workshop,
): Promise<{ image?: Image; identity: string } | undefined> {
  return await explained(
    "write",
    path,
    () =>
      withPlace(path, "write", space, { followLeaf: true }, async (anchor, name) => {
        const info = await childInfo(anchor, name);
        if (info === undefined) return undefined;
        // Anything but a file is refused by the write itself, which knows what to say.
        if (info.kind !== "file") return { identity: info.identity };
        return await withChildFile(anchor, name, "look at", async (file) => {
          const digest = await recording.keepFile(file);
          const { size, identity } = file.info;
          return { image: { kind: "file", digest, bytes: size, entries: 1 }, identity };
        });
      }),
  );
}

function below(tree: Tree, top: string, { at = top }: Cause): Image | undefined {
  return at === top ? tree.image : imageOf(tree.nodes, at.slice(top.length + 1).replaceAll(sep, "/"));
}

function expectImage(image: Image | undefined, { expect, at }: Cause, real: string): void {
  if (expect === undefined || image?.digest === expect) return;
  const what = image === undefined ? "is not there any more" : "has changed since";
  throw new ChangedError(
    `"${show(at ?? real)}" ${what}`,
    "Look at it; what to do with it now is for you to decide.",
  );
}

function mustExist(place: Place, verb: Verb, path: string): Info {
  if (place.info !== undefined) return place.info;
  // Raised as the system would, so that the layer above adds the nearest names.
  throw Object.assign(new Error(`Cannot ${verb} ${path}`), { code: "ENOENT" });
}

function meanwhile(verb: Verb, path: string): ToolError {
  return new ToolError(
    `Cannot ${verb} "${show(path)}": it was changed meanwhile`,
    "Look at it and try again.",
  );
}
