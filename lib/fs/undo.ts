/**
 * The list of recorded changes, and taking one back. An undo is a change like any other, made of the same
 * parts, so it is recorded and can be undone itself.
 *
 * A change is taken back only when the files are still as it left them. Changes may be undone in any order
 * in which that holds; where it does not, the refusal names the later change that must be undone first.
 * @module
 */
import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";
import { ToolError } from "../errors.ts";
import { sizeText } from "../format.ts";
import { digestOfBytes } from "../journal/blobs.ts";
import type { Change, TreeNode } from "../journal/types.ts";
import { DIFF_BYTES_MAX } from "../limits.ts";
import { type Cause, move, remove, restore, type Workshop, write } from "./changer.ts";
import { ChangedError } from "./errors.ts";
import { locate } from "./image.ts";
import { entriesOf, withAnchor, withFile } from "./open.ts";
import { describeProgram, takeBackProgram } from "./program.ts";
import { isVisible, reconcile, removeEmptyFolders } from "./reconcile.ts";
import { isInside, show } from "./roots.ts";
import { changedBy } from "./several.ts";
import type { ChangeEntry, Changes, Undone } from "./types.ts";

/** The changes of a file layer that records none. */
export function createNoChanges(): Changes {
  const refuse = () =>
    Promise.reject(
      new ToolError(
        "There is no journal of changes",
        "Clawhammer was started without a data folder, so nothing can be listed or undone.",
      ),
    );
  return { list: refuse, undo: refuse };
}

/** The changes of a file layer that records them. */
export function createChanges(shop: Workshop): Changes {
  const { journal, space } = shop;
  return {
    async list(limit, { diff = false, before } = {}) {
      await reconcile(shop);
      const entries: ChangeEntry[] = [];
      for (let last = before; entries.length < limit;) {
        const page = await journal.list(100, last);
        for (const change of page.filter((each) => isVisible(each, space)).slice(0, limit - entries.length)) {
          entries.push({ ...entryOf(change), ...(diff ? { diff: await diffOf(change, shop) } : {}) });
        }
        last = page.at(-1)?.id;
        if (last === undefined) break;
      }
      return entries;
    },
    async undo(id, signal) {
      await reconcile(shop);
      const change = await journal.get(id);
      // Whether there are changes outside the allowed folders must not show.
      if (change === undefined || !isVisible(change, space)) throw await unknown(id, shop);
      refuseUndone(change);
      try {
        return await takeBack(change, signal, shop);
      } catch (error) {
        throw await explainUndo(error, change, shop);
      }
    },
  };
}

async function takeBack(change: Change, signal: AbortSignal, shop: Workshop): Promise<Undone> {
  const done = (id: number | undefined, did: string): Undone => ({
    change: entryOf(change),
    id: id ?? change.id,
    did,
  });
  const { action, path, destination, before } = change;
  if (action === "program") {
    const { id, did } = await takeBackProgram(change, signal, shop);
    return done(id, did);
  }
  if (action === "move" && destination !== undefined) {
    await refuseMoveBack(change, destination, shop);
    const { id } = await move(destination, path, signal, shop, { undoes: change.id });
    await removeEmptyFolders(change.folders, shop.space);
    return done(id, `Moved "${show(destination)}" back to "${show(path)}"`);
  }
  if (action === "delete" && before !== undefined) {
    const nodes = await keptTree(change, shop);
    const { id } = await restore(path, nodes, signal, shop, { undoes: change.id });
    return done(id, `Restored "${show(path)}"`);
  }
  if (action === "write" && before !== undefined) {
    const bytes = await keptBytes(before.digest, shop);
    const { id } = await write(path, bytes, {}, shop, causeOf(change));
    return done(id, `Put "${show(path)}" back to what it held before (${sizeText(bytes.length)})`);
  }
  return await unmake(change, signal, shop, done);
}

/** Deletes what a change made, together with the folders that were made for it and hold nothing else. */
async function unmake(
  change: Change,
  signal: AbortSignal,
  shop: Workshop,
  done: (id: number | undefined, did: string) => Undone,
): Promise<Undone> {
  const made = change.destination ?? change.path;
  const top = await topOf(made, change, shop);
  const { id } = await remove(top, true, signal, shop, { ...causeOf(change), at: made });
  return done(id, `Deleted "${show(top)}", which it had made`);
}

/** What must stand there for a change to be taken back. */
function causeOf({ id, after }: Change): Cause {
  if (after !== undefined) return { undoes: id, expect: after.digest };
  throw new ChangedError(
    "nobody could look at what it made when it was made",
    "So it cannot be told whether that has changed since. Look at it and decide by hand.",
  );
}

/** The outermost of the folders made for a change in which there is nothing but what it made. */
async function topOf(made: string, { folders }: Change, { space }: Workshop): Promise<string> {
  let top = made;
  for (let above = dirname(top); folders.includes(above); above = dirname(above)) {
    const names = await withAnchor(above, "look at", space, (anchor) => entriesOf(anchor)).catch(() => []);
    if (names.length !== 1) break;
    top = above;
  }
  return top;
}

/** Refuses to move back what is not there, and what would carry later changes to another place. */
async function refuseMoveBack(change: Change, destination: string, shop: Workshop): Promise<void> {
  if ((await blocking(change, shop)) !== undefined) throw new ChangedError("it was changed since", "");
  const there = await locate(destination, "look at", shop.space, false);
  if (there.info === undefined || there.info.kind !== change.after?.kind) {
    throw new ChangedError(
      `"${show(destination)}" is not there any more`,
      "Look for it with find_files; move_file can move it back.",
    );
  }
  const before = await locate(change.path, "look at", shop.space, false);
  // Where letter case does not count, a changed case finds the very same entry.
  if (before.info !== undefined && before.info.identity !== there.info.identity) {
    throw new ChangedError(
      `something else is at "${show(change.path)}" now`,
      "Move it away first, then undo again.",
    );
  }
}

async function keptTree({ before, path }: Change, { journal }: Workshop): Promise<TreeNode[]> {
  const pieces: Uint8Array[] = [];
  await journal.read(before?.tree ?? "", (piece) => {
    pieces.push(Uint8Array.from(piece));
    return Promise.resolve();
  });
  const nodes: TreeNode[] = JSON.parse(Buffer.concat(pieces).toString());
  if (nodes.length === 0) throw new Error(`The journal kept nothing of ${path}`);
  return nodes;
}

async function keptBytes(digest: string, { journal }: Workshop): Promise<Uint8Array> {
  const bytes = await journal.bytes(digest, Infinity);
  if (bytes !== undefined) return bytes;
  throw new ToolError("What the journal kept is gone", "Look for the file in a backup.");
}

function refuseUndone(change: Change): void {
  if (change.status === "pending") {
    throw new ToolError(
      `Cannot undo change ${change.id}: it is still under way`,
      "Try again when it has ended; list_changes tells.",
    );
  }
  if (change.undoneBy === undefined) return;
  throw new ToolError(
    `Cannot undo change ${change.id}: change ${change.undoneBy} undid it already`,
    `To bring it back, undo change ${change.undoneBy}.`,
  );
}

/** The later change that stands in the way of an undo. */
async function blocking(change: Change, { journal, space }: Workshop): Promise<Change | undefined> {
  const later = await journal.later(change.id);
  // What was done and taken back after it is as if it had not been.
  const counts = later.filter((each) =>
    isVisible(each, space) && (each.undoes === undefined || each.undoes < change.id)
  );
  const paths = counts.length === 0 ? [] : await pathsOf(change, journal);
  for (const each of counts) {
    const others = await pathsOf(each, journal);
    if (paths.some((one) => others.some((other) => isInside(one, other) || isInside(other, one)))) {
      return each;
    }
  }
  return undefined;
}

/** The paths a change is about. */
async function pathsOf(change: Change, journal: Workshop["journal"]): Promise<string[]> {
  const { action, path, destination } = change;
  if (action === "program") {
    return (await changedBy(change, journal) ?? []).map((each) => join(path, each.path));
  }
  return destination === undefined ? [path] : action === "copy" ? [destination] : [path, destination];
}

async function explainUndo(error: unknown, change: Change, shop: Workshop): Promise<unknown> {
  if (!(error instanceof ToolError)) return error;
  const cannot = `Cannot undo change ${change.id}`;
  if (!(error instanceof ChangedError)) {
    return new ToolError(`${cannot}: ${error.message.replace(/^Cannot/, "cannot")}`, error.next);
  }
  const later = await blocking(change, shop);
  if (later === undefined) return new ToolError(`${cannot}: ${error.message}`, error.next);
  return new ToolError(
    `${cannot}: change ${later.id} changed "${show(later.destination ?? later.path)}" after it`,
    `Undo change ${later.id} first.`,
  );
}

async function unknown(id: number, { journal, space }: Workshop): Promise<ToolError> {
  const [newest] = (await journal.list(100)).filter((change) => isVisible(change, space));
  return new ToolError(
    `There is no change ${id} in the allowed folders`,
    newest === undefined
      ? "Nothing was changed there."
      : `The newest is ${newest.id}; list_changes shows more.`,
  );
}

function entryOf(change: Change): ChangeEntry {
  const { id, at, action, path, destination, before, after, undoneBy, undoes, status, title } = change;
  return {
    id,
    at,
    action,
    path,
    ...(destination === undefined ? {} : { destination }),
    kind: (after ?? before)?.kind ?? "file",
    ...(before === undefined ? {} : { sizeBefore: before.bytes }),
    ...(after === undefined ? {} : { sizeAfter: after.bytes }),
    entries: (after ?? before)?.entries ?? 1,
    status: undoneBy === undefined ? status : "undone",
    ...(undoneBy === undefined ? {} : { undoneBy }),
    ...(undoes === undefined ? {} : { undoes }),
    ...(title === undefined ? {} : { title }),
  };
}

/** What a change did to a text, as far as both sides are known. */
async function diffOf(change: Change, shop: Workshop): Promise<string> {
  const { before, after } = change;
  if (change.action === "move") return "";
  if (change.action === "program") return await describeProgram(change, shop);
  const sides = [before, after].map(async (image) => {
    if (image === undefined) return new Uint8Array();
    if (image.kind !== "file") return undefined;
    return await shop.journal.bytes(image.digest, DIFF_BYTES_MAX) ??
      await stillThere(change, image.digest, shop);
  });
  const { describeDiff } = await import("../journal/diff.ts");
  return await describeDiff(change, await Promise.all(sides));
}

/** The bytes a change left behind, when they are still there. */
async function stillThere(
  change: Change,
  digest: string,
  { space }: Workshop,
): Promise<Uint8Array | undefined> {
  try {
    return await withFile(change.destination ?? change.path, "look at", space, async (file) => {
      if (file.info.size > DIFF_BYTES_MAX) return undefined;
      const bytes = new Uint8Array(file.info.size);
      let length = 0;
      for (let count = -1; count !== 0 && length < bytes.length; length += count) {
        count = await file.read(bytes.subarray(length), length);
      }
      return digestOfBytes(bytes) === digest ? bytes : undefined;
    });
  } catch {
    return undefined;
  }
}
