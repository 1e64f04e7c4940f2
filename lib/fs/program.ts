/**
 * Recording what another program changes below a folder, and taking it back.
 *
 * Before it runs, the files it may change are kept; when it has ended, those that are different are what it
 * changed. To take that back is such a change, too.
 * @module
 */
import { constants, lstatSync, unlinkSync } from "node:fs";
import { open, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted, ToolError } from "../errors.ts";
import { counted, sizeText } from "../format.ts";
import { tooLarge } from "../journal/blobs.ts";
import type { Change, Recording, TreeNode } from "../journal/types.ts";
import { JOURNAL_CHANGE_BYTES_MAX, TREE_ENTRIES_MAX } from "../limits.ts";
import type { Workshop } from "./changer.ts";
import { ChangedError } from "./errors.ts";
import { digestOf } from "./image.ts";
import { type Anchor, infoOf } from "./open.ts";
import { reconcile, removeEmptyFolders } from "./reconcile.ts";
import { rootOf, show } from "./roots.ts";
import {
  changedBy,
  type Difference,
  differencesOf,
  encodeStandings,
  imageOfStandings,
  isSameContent,
  readStandings,
  type Standings,
} from "./several.ts";
import type { ProgramChange, Recorded } from "./types.ts";
import { createParents, linkNew, replaceUnchanged, syncFolder, temporaryName, withPlace } from "./write.ts";

/** Runs a program and records what it changes; see {@link Files.recorded}. */
export async function recordProgram<T>(
  change: ProgramChange & { readonly undoes?: number },
  work: (before: Standings) => Promise<T>,
  signal: AbortSignal,
  shop: Workshop,
): Promise<Recorded<T>> {
  const { top, paths } = change;
  return await shop.exclusive([top], async () => {
    const { space } = shop;
    const survey = await shop.explained("look at", top, () => readStandings(top, paths, space, signal));
    const bytes = survey.list.reduce((sum, { node }) => sum + (node?.size ?? 0), 0);
    if (bytes > JOURNAL_CHANGE_BYTES_MAX || paths.length > TREE_ENTRIES_MAX) {
      if (change.undoes !== undefined) throw tooLarge(top);
      const unrecorded = `${counted(paths.length, "file")}, ${sizeText(bytes)}`;
      return { result: await work(survey), unrecorded };
    }
    await reconcile(shop);
    const recording = shop.journal.record(planOf(change, survey, shop));
    const before = await announced(recording, change, signal, shop);
    let result: T;
    try {
      result = await work(before);
    } catch (error) {
      const { changed } = await closed(recording, before, change, shop);
      if (changed === 0 || !(error instanceof ToolError)) throw error;
      throw new ToolError(error.message, `${error.next} Some files were changed: list_changes shows that.`);
    }
    return { result, ...await closed(recording, before, change, shop) };
  });
}

function planOf(
  { top, title, undoes }: ProgramChange & { readonly undoes?: number },
  { missing }: Standings,
  { space }: Workshop,
) {
  return {
    action: "program" as const,
    path: top,
    roots: [rootOf(top, space.roots)?.real ?? top],
    folders: missing,
    title,
    ...(undoes === undefined ? {} : { undoes }),
  };
}

/** Keeps what stands at the paths, and announces the change. */
async function announced(
  recording: Recording,
  { top, paths }: ProgramChange,
  signal: AbortSignal,
  { space, explained }: Workshop,
): Promise<Standings & { readonly id: number }> {
  try {
    const keep = (file: Parameters<Recording["keepFile"]>[0]) => recording.keepFile(file);
    const before = await explained("look at", top, () => readStandings(top, paths, space, signal, keep));
    const list = encodeStandings(before);
    await recording.keepBytes(list);
    const { id } = await recording.announce({ before: imageOfStandings(list, paths.length, before) });
    return { ...before, id };
  } catch (error) {
    await recording.drop();
    throw error;
  }
}

/** Looks at what has become of the paths, also when the call was cancelled, and closes the entry. */
async function closed(
  recording: Recording,
  before: Standings & { readonly id: number },
  { top, paths }: ProgramChange,
  { space }: Workshop,
): Promise<{ id?: number; changed?: number }> {
  const { id } = before;
  try {
    const after = await readStandings(top, paths, space, new AbortController().signal, digestOf);
    const changed = differencesOf(before.list, after.list).length;
    if (changed === 0) {
      await recording.drop();
      return { changed };
    }
    const list = encodeStandings(after);
    await recording.keepBytes(list);
    await recording.done(imageOfStandings(list, changed, after));
    return { id, changed };
  } catch {
    // What cannot be looked at now cannot be compared later: its undo will be refused.
    await recording.done();
    return { id };
  }
}

/** Puts back what a program changed. @throws {ChangedError} when something else stands there by now. */
export async function takeBackProgram(
  change: Change,
  signal: AbortSignal,
  shop: Workshop,
): Promise<{ readonly id?: number; readonly did: string }> {
  const { path: top, title = "the change" } = change;
  const changed = await changedBy(change, shop.journal);
  if (changed === undefined) {
    throw new ChangedError(
      "nobody could look at the files when it had ended",
      "So it cannot be told whether they have changed since. Look at them and decide by hand.",
    );
  }
  const undo = {
    top,
    paths: changed.map(({ path }) => path),
    title: title.startsWith(UNDO) ? title.slice(UNDO.length) : UNDO + title,
    undoes: change.id,
  };
  const { id } = await recordProgram(
    undo,
    async (now) => {
      const there = new Map(now.list.map(({ path, node }) => [path, node]));
      const other = changed.find(({ path, after }) => !isSameContent(there.get(path), after));
      if (other !== undefined) {
        throw new ChangedError(
          `"${show(join(top, other.path))}" has changed since`,
          "Look at it; what to do with it now is for you to decide.",
        );
      }
      await putBack(changed, now, change, signal, shop);
    },
    signal,
    shop,
  );
  const files = counted(changed.length, "file");
  const did =
    `Put ${files} in "${show(top)}" back to what they were before "${title}". These are the files ` +
    "alone: git's branch, index and commits are as they were, so git_status shows the difference";
  return { did, ...(id === undefined ? {} : { id }) };
}

const UNDO = "undo of ";

/** First takes away what was made, so that there is room for what was there before. */
async function putBack(
  changed: readonly Difference[],
  { identities }: Standings,
  { path: top, folders }: Change,
  signal: AbortSignal,
  shop: Workshop,
): Promise<void> {
  const { space } = shop;
  const doing = async (path: string, verb: "delete" | "write", work: Step) => {
    throwIfAborted(signal);
    const place = join(top, path);
    await shop.explained(verb, place, async () => {
      if (verb === "write") await createParents(place, verb, space);
      await withPlace(place, verb, space, { followLeaf: false }, async (anchor, name) => {
        await work(anchor, name, place);
        await syncFolder(anchor);
      });
    });
  };
  for (const { path, before } of changed) {
    if (before !== undefined || !identities.has(path)) continue;
    await doing(path, "delete", async (anchor, name, place) => {
      await space.alone(() => {
        const there = lstatSync(anchor.at(name), { bigint: true, throwIfNoEntry: false });
        if (there === undefined || infoOf(there).identity !== identities.get(path)) throw meanwhile(place);
        unlinkSync(anchor.at(name));
      });
    });
  }
  await removeEmptyFolders(folders, space);
  for (const { path, before } of changed) {
    if (before === undefined) continue;
    const identity = identities.get(path);
    await doing(
      path,
      "write",
      (anchor, name, place) => restoreEntry(anchor, name, place, before, identity, shop),
    );
  }
}

type Step = (anchor: Anchor, name: string, place: string) => Promise<void>;

/** Makes a file or link under another name, and gives it its own when it is complete. */
async function restoreEntry(
  anchor: Anchor,
  name: string,
  place: string,
  node: TreeNode,
  identity: string | undefined,
  { space, journal }: Workshop,
): Promise<void> {
  const temporary = temporaryName();
  const path = anchor.at(temporary);
  try {
    if (node.kind === "link") await symlink(node.content, path);
    else {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
      const file = await open(path, flags, 0o600);
      try {
        await journal.read(node.content, async (piece) => {
          for (let written = 0; written < piece.length;) {
            written += (await file.write(piece, written, piece.length - written, null)).bytesWritten;
          }
        });
        await file.chmod(node.mode & 0o777);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    if (identity !== undefined) {
      await space.alone(() => replaceUnchanged(anchor, temporary, name, place, identity));
    } else if (node.kind === "file") await linkNew(anchor, temporary, name);
    else {
      await symlink(node.content, anchor.at(name));
      await unlink(path);
    }
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  }
}

function meanwhile(place: string): ToolError {
  return new ToolError(
    `Cannot delete "${show(place)}": it was changed meanwhile`,
    "Look at it and try again.",
  );
}

/** What a program changed, one path in a line. */
export async function describeProgram(change: Change, { journal }: Workshop): Promise<string> {
  const changed = await changedBy(change, journal) ?? [];
  return changed.map(({ path, before, after }) => {
    return `${before === undefined ? "new" : after === undefined ? "deleted" : "changed"}  ${show(path)}`;
  }).join("\n");
}
