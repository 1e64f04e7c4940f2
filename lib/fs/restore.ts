/**
 * Putting a deleted tree back. It appears under its name when it is complete; where a part of it was never
 * deleted, only what is missing is put beside it. Nothing is ever overwritten.
 * @module
 */
import { constants } from "node:fs";
import { mkdir, open, readlink, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../errors.ts";
import type { TreeNode } from "../journal/types.ts";
import { ChangedError } from "./errors.ts";
import { digestOf } from "./image.ts";
import { type Anchor, childInfo, entriesOf, withChild, withChildFile } from "./open.ts";
import { show } from "./roots.ts";
import type { Space } from "./space.ts";
import { removeEntry } from "./tree.ts";
import { linkNew, syncFolder, temporaryName, withPlace } from "./write.ts";

/** Hands the bytes of a digest to `write`, piece by piece. */
export type Contents = (digest: string, write: (piece: Uint8Array) => Promise<void>) => Promise<void>;

/** Files that are written at the same time. */
const FILES_AT_ONCE = 16;

interface Context {
  readonly contents: Contents;
  readonly signal: AbortSignal;
  /** What is in each folder, by the folder's path in the tree. */
  readonly children: ReadonlyMap<string, readonly TreeNode[]>;
}

/**
 * Puts a tree back at a path whose folder exists.
 * @throws {ChangedError} when something that is not part of it is in the way.
 */
export async function restoreTree(
  path: string,
  nodes: readonly TreeNode[],
  space: Space,
  contents: Contents,
  signal: AbortSignal,
): Promise<void> {
  const [top] = nodes;
  if (top === undefined) throw new Error("A tree without nodes cannot be restored");
  const context = { contents, signal, children: childrenOf(nodes) };
  await withPlace(path, "create", space, { followLeaf: false }, async (anchor, name) => {
    if (top.kind === "folder") space.guard.checkTree("create", join(anchor.real, name), path);
    if (await fits(anchor, name, top, context)) await complete(anchor, name, top, context);
    else await appear(anchor, name, top, context);
    await syncFolder(anchor);
  });
}

/** Builds it under another name, and gives it its own when everything is there. */
async function appear(anchor: Anchor, name: string, node: TreeNode, context: Context): Promise<void> {
  if (node.kind === "link") return await build(anchor, name, node, context);
  const temporary = temporaryName();
  try {
    await build(anchor, temporary, node, context);
    if (node.kind === "file") await linkNew(anchor, temporary, name);
    else {
      if ((await childInfo(anchor, name)) !== undefined) throw inTheWay(join(anchor.real, name));
      await rename(anchor.at(temporary), anchor.at(name));
    }
  } catch (error) {
    // The clean-up must run to its end also when the call was cancelled.
    await removeEntry(anchor, temporary, new AbortController().signal);
    throw error;
  }
}

async function build(anchor: Anchor, name: string, node: TreeNode, context: Context): Promise<void> {
  throwIfAborted(context.signal);
  if (node.kind === "link") await symlink(node.content, anchor.at(name));
  else if (node.kind === "file") await buildFile(anchor, name, node, context);
  else {
    await mkdir(anchor.at(name), 0o700);
    await withChild(anchor, name, "create", async (folder) => {
      await buildAll(folder, context.children.get(node.path) ?? [], context);
      await finishFolder(folder, node);
    });
  }
}

/** Several files at once, because most of the time is waiting for the disk; folders one after the other. */
async function buildAll(folder: Anchor, children: readonly TreeNode[], context: Context): Promise<void> {
  const rest = children.filter((child) => child.kind !== "folder");
  while (rest.length > 0) {
    const some = rest.splice(0, FILES_AT_ONCE).map((child) => build(folder, nameOf(child), child, context));
    const failed = (await Promise.allSettled(some)).find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
  for (const child of children) {
    if (child.kind === "folder") await build(folder, nameOf(child), child, context);
  }
}

async function buildFile(anchor: Anchor, name: string, node: TreeNode, { contents }: Context): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const file = await open(anchor.at(name), flags, 0o600);
  try {
    await contents(node.content, async (piece) => {
      for (let written = 0; written < piece.length;) {
        written += (await file.write(piece, written, piece.length - written, null)).bytesWritten;
      }
    });
    // Another owner's set-user-id bit must not come back as ours.
    await file.chmod(node.mode & 0o777);
    await file.utimes(...timesOf(node));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Adds what is missing of a tree of which a part is there. */
async function complete(anchor: Anchor, name: string, node: TreeNode, context: Context): Promise<void> {
  if ((await childInfo(anchor, name)) === undefined) return await appear(anchor, name, node, context);
  if (node.kind !== "folder") return;
  await withChild(anchor, name, "create", async (folder) => {
    for (const child of context.children.get(node.path) ?? []) {
      await complete(folder, nameOf(child), child, context);
    }
    await finishFolder(folder, node);
  });
}

/**
 * Whether something is there, and all of it is part of the tree.
 * @throws {ChangedError} when something is there that is not.
 */
async function fits(anchor: Anchor, name: string, node: TreeNode, context: Context): Promise<boolean> {
  throwIfAborted(context.signal);
  const info = await childInfo(anchor, name);
  if (info === undefined) return false;
  const real = join(anchor.real, name);
  if (info.kind !== node.kind) throw inTheWay(real);
  if (node.kind === "link") {
    if ((await readlink(anchor.at(name))) !== node.content) throw inTheWay(real);
  } else if (node.kind === "file") {
    const digest = info.size === node.size
      ? await withChildFile(anchor, name, "look at", (file) => digestOf(file))
      : undefined;
    const same = digest === "" ? info.modified.getTime() === node.modified : digest === node.content;
    if (!same) throw inTheWay(real);
  } else {
    const children = new Map(context.children.get(node.path)?.map((child) => [nameOf(child), child]));
    await withChild(anchor, name, "look at", async (folder) => {
      for (const entry of await entriesOf(folder)) {
        const child = children.get(entry.name);
        if (child === undefined) throw inTheWay(join(real, entry.name));
        await fits(folder, entry.name, child, context);
      }
    });
  }
  return true;
}

/** Times last: everything that is put into a folder changes them. */
async function finishFolder(anchor: Anchor, node: TreeNode): Promise<void> {
  const folder = await open(anchor.at(""), constants.O_RDONLY);
  try {
    await folder.utimes(...timesOf(node));
    await folder.chmod(node.mode);
  } finally {
    await folder.close();
  }
}

/** Seconds, in the middle of the millisecond, so that no rounding on the way changes it. */
function timesOf({ modified }: TreeNode): [number, number] {
  return [(modified + 0.5) / 1000, (modified + 0.5) / 1000];
}

function childrenOf(nodes: readonly TreeNode[]): Map<string, TreeNode[]> {
  const children = new Map<string, TreeNode[]>();
  for (const node of nodes.slice(1)) {
    const folder = node.path.slice(0, Math.max(0, node.path.lastIndexOf("/")));
    const siblings = children.get(folder);
    if (siblings === undefined) children.set(folder, [node]);
    else siblings.push(node);
  }
  return children;
}

function nameOf({ path }: TreeNode): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function inTheWay(real: string): ChangedError {
  return new ChangedError(
    `something else is at "${show(real)}" now`,
    "Move it away first, then undo again.",
  );
}
