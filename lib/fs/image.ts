/**
 * What stands at a path, as the journal sees it: read whole to be kept before a change, or compared with
 * what a change left behind. Secrets are read as well: what may be overwritten or deleted must be
 * recoverable, and nothing that is read here is shown to a tool.
 * @module
 */
import { createHash } from "node:crypto";
import { readlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { throwIfAborted, ToolError } from "../errors.ts";
import { digestOfBytes, tooLarge } from "../journal/blobs.ts";
import type { Image, TreeNode } from "../journal/types.ts";
import {
  COMPARE_BYTES_MAX,
  JOURNAL_CHANGE_BYTES_MAX,
  READ_CHUNK_BYTES,
  TREE_DEPTH_MAX,
  TREE_ENTRIES_MAX,
} from "../limits.ts";
import { isMissing, readOnlyRoot, tooDeep, tooMany, type Verb } from "./errors.ts";
import { type Anchor, childInfo, entriesOf, withAnchor, withChild, withChildFile } from "./open.ts";
import { show } from "./roots.ts";
import type { Space } from "./space.ts";
import type { Info, OpenFile } from "./types.ts";
import { missingFolders, withPlace } from "./write.ts";

/** Where a change will be made: checked like the change itself, before anything is recorded. */
export interface Place {
  /** The real path, whether something is there or not. */
  readonly real: string;
  /** The real path of the allowed folder it is in. */
  readonly root: string;
  /** What is there; undefined for nothing. */
  readonly info?: Info;
  /** Real paths of the folders above that do not exist yet, outermost first. */
  readonly missing: readonly string[];
}

/** A tree that was read. */
export interface Tree {
  readonly image: Image;
  /** A folder stands before what is in it. */
  readonly nodes: readonly TreeNode[];
  /** Real paths, and which entry each was ({@link markOf}). */
  readonly marks: ReadonlyMap<string, string>;
}

/** How a tree is read. */
export interface Reading {
  /** What becomes of the bytes of a file; resolves with their digest. */
  readonly content: (file: OpenFile) => Promise<string>;
  /** Whether what is in a folder belongs to it. */
  readonly deep: boolean;
  /** Whether everything is going to be kept, so that too much must be refused first. */
  readonly kept: boolean;
  readonly signal: AbortSignal;
}

/** Finds the place of a change. @throws {ToolError} when it may not be made there. */
export async function locate(path: string, verb: Verb, space: Space, followLeaf: boolean): Promise<Place> {
  const missing = await missingFolders(dirname(path), space);
  const [outermost] = missing;
  if (outermost === undefined) {
    return await withPlace(path, verb, space, { followLeaf }, async (anchor, name) => {
      const info = await childInfo(anchor, name);
      const place = { real: join(anchor.real, name), root: anchor.root.real, missing: [] };
      return info === undefined ? place : { ...place, info };
    });
  }
  return await withAnchor(dirname(outermost), verb, space, (anchor) => {
    if (anchor.root.readOnly) throw readOnlyRoot(verb, path, anchor.root);
    let folder = anchor.real;
    const folders = missing.map((each) => {
      folder = join(folder, basename(each));
      space.guard.check("create", folder, path);
      return folder;
    });
    const real = join(folder, basename(path));
    space.guard.check(verb, real, path);
    return Promise.resolve({ real, root: anchor.root.real, missing: folders });
  });
}

/** Reads what stands at a path, a link in the last place not followed. Undefined: nothing. */
export async function readTree(path: string, space: Space, reading: Reading): Promise<Tree | undefined> {
  return await withPlace(path, "look at", space, { followLeaf: false }, async (anchor, name) => {
    if ((await childInfo(anchor, name)) === undefined) return undefined;
    if (reading.kept && reading.deep) await survey(anchor, name, reading.signal, { entries: 0, bytes: 0 });
    const nodes: TreeNode[] = [];
    const marks = new Map<string, string>();
    await walk(anchor, name, "", reading, (real, info, node) => {
      nodes.push(node);
      marks.set(real, markOf(info));
      if (nodes.length > TREE_ENTRIES_MAX) throw tooMany(path);
    });
    const image = imageOf(nodes);
    return image === undefined ? undefined : { image, nodes, marks };
  });
}

/** What stands at a path now, to be compared. Undefined: nothing, or not even the folder it would be in. */
export async function imageAt(path: string, space: Space, signal: AbortSignal): Promise<Image | undefined> {
  try {
    const tree = await readTree(path, space, { content: digestOf, deep: true, kept: false, signal });
    return tree?.image;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The image of a list of nodes, or of those at `top` and below. */
export function imageOf(nodes: readonly TreeNode[], top = ""): Image | undefined {
  const first = nodes.find((node) => node.path === top);
  if (first === undefined) return undefined;
  if (first.kind === "file") return { kind: "file", digest: contentOf(first), bytes: first.size, entries: 1 };
  if (first.kind === "link") {
    return { kind: "link", digest: digestOfBytes(`link\0${first.content}`), bytes: 0, entries: 1 };
  }
  const hash = createHash("sha256");
  let bytes = 0;
  let entries = 0;
  const prefix = top === "" ? "" : `${top}/`;
  for (const node of nodes) {
    if (node !== first && !(node.path !== "" && node.path.startsWith(prefix))) continue;
    bytes += node.size;
    entries++;
    const path = node === first ? "" : node.path.slice(prefix.length);
    hash.update(`${node.kind}\0${path}\0${node.kind === "file" ? contentOf(node) : node.content}\0\n`);
  }
  return { kind: "folder", digest: hash.digest("hex"), bytes, entries };
}

/**
 * Which entry it is and in which state. The time of the last change of its status is left out, because
 * deleting one of two names of a file changes it; so is the state of a folder, which changes with everything
 * in it.
 */
export function markOf(info: Info): string {
  const [device, node, size, modified] = info.identity.split(":");
  return info.kind === "folder"
    ? `${info.kind} ${device}:${node}`
    : `${info.kind} ${device}:${node}:${size}:${modified}`;
}

/** The digest of a file's bytes; of one that is too large to be compared, nothing. */
export async function digestOf(file: OpenFile): Promise<string> {
  if (file.info.size > COMPARE_BYTES_MAX) return "";
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(file.info.size + 1, 16 * READ_CHUNK_BYTES));
  for (let position = 0;;) {
    const length = await file.read(buffer, position);
    if (length === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, length));
    position += length;
  }
}

function contentOf(node: TreeNode): string {
  return node.size > COMPARE_BYTES_MAX ? digestOfBytes(`${node.size}:${node.modified}`) : node.content;
}

async function walk(
  anchor: Anchor,
  name: string,
  path: string,
  reading: Reading,
  found: (real: string, info: Info, node: TreeNode) => void,
): Promise<void> {
  throwIfAborted(reading.signal);
  const real = join(anchor.real, name);
  const info = await childInfo(anchor, name);
  if (info === undefined) throw unreachable(real);
  const node = { path, mode: info.mode, modified: info.modified.getTime(), size: 0, content: "" };
  switch (info.kind) {
    case "other":
      throw new ToolError(
        `Cannot keep "${show(real)}": it is a pipe, socket or device, and could not be brought back`,
        "Nothing was changed. Ask the person to do this by hand.",
      );
    case "link":
      return found(real, info, { ...node, kind: "link", content: await readlink(anchor.at(name)) });
    case "file":
      return await withChildFile(anchor, name, "look at", async (file) => {
        const content = await reading.content(file);
        const { size, mode, modified } = file.info;
        found(real, file.info, { path, kind: "file", mode, modified: modified.getTime(), size, content });
      });
    case "folder":
      found(real, info, { ...node, kind: "folder" });
      if (!reading.deep) return;
      await withChild(anchor, name, "look at", async (child) => {
        for (const entry of await entriesOf(child)) {
          await walk(child, entry.name, path === "" ? entry.name : `${path}/${entry.name}`, reading, found);
        }
      });
  }
}

/** Adds a tree up before anything of it is read. @throws {ToolError} when it is too much to be kept. */
async function survey(
  anchor: Anchor,
  name: string,
  signal: AbortSignal,
  sum: { entries: number; bytes: number },
  depth = 0,
): Promise<void> {
  throwIfAborted(signal);
  const info = await childInfo(anchor, name);
  if (++sum.entries > TREE_ENTRIES_MAX) throw tooMany(join(anchor.real, name));
  if (depth > TREE_DEPTH_MAX) throw tooDeep(join(anchor.real, name), depth);
  if (info?.kind === "file") sum.bytes += info.size;
  if (sum.bytes > JOURNAL_CHANGE_BYTES_MAX) throw tooLarge(show(join(anchor.real, name)));
  if (info?.kind !== "folder") return;
  await withChild(anchor, name, "look at", async (child) => {
    for (const entry of await entriesOf(child)) {
      await survey(child, entry.name, signal, sum, depth + 1);
    }
  });
}

function unreachable(real: string): ToolError {
  return new ToolError(
    `Cannot keep "${show(real)}": it disappeared meanwhile, or its name is not valid Unicode`,
    "Nothing was changed. Try again, or ask the person to do this by hand.",
  );
}
