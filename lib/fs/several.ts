/**
 * Some paths below a folder: what stands at each of them, and what became of it. This is how the journal sees
 * what another program changes, of which only the paths are known before.
 * @module
 */
import { Buffer } from "node:buffer";
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../errors.ts";
import { digestOfBytes } from "../journal/blobs.ts";
import type { Change, Image, Journal, TreeNode } from "../journal/types.ts";
import type { Finding } from "./examine.ts";
import { digestOf } from "./image.ts";
import { type Anchor, childInfo, withAnchor, withChild, withChildFile } from "./open.ts";
import type { Space } from "./space.ts";
import type { OpenFile } from "./types.ts";

/** What recorded changes are looked at with. */
export interface Records {
  readonly space: Space;
  readonly journal: Journal;
}

/** A path relative to the folder, with "/", and the file or link there; none for anything else. */
export interface Standing {
  readonly path: string;
  readonly node?: TreeNode;
}

/** What stands at some paths. */
export interface Standings {
  readonly list: readonly Standing[];
  /** Which entry each is, and in which state ({@link Info.identity}). */
  readonly identities: ReadonlyMap<string, string>;
  /** Real paths of the folders on the way that are not there, outermost first. */
  readonly missing: readonly string[];
}

/** A path at which something else stands now. */
export interface Difference {
  readonly path: string;
  readonly before?: TreeNode;
  readonly after?: TreeNode;
}

/** A name, whether it is asked for itself, and what is asked for below it. */
interface Branch {
  isAsked: boolean;
  readonly below: Map<string, Branch>;
}

/**
 * Looks at some paths below a folder. No link on the way is followed: git does not, either.
 * @param content What becomes of the bytes of a file, resolving with their digest; without it, files are not
 *   opened.
 */
export async function readStandings(
  top: string,
  paths: readonly string[],
  space: Space,
  signal: AbortSignal,
  content?: (file: OpenFile) => Promise<string>,
): Promise<Standings> {
  const list: Standing[] = [];
  const identities = new Map<string, string>();
  const missing: string[] = [];
  const nothing = (folder: string, branch: Branch, path: string) => {
    if (branch.isAsked) list.push({ path });
    if (branch.below.size > 0) missing.push(folder);
    for (const [name, next] of branch.below) nothing(join(folder, name), next, `${path}/${name}`);
  };
  const walk = async (anchor: Anchor, branch: Branch, prefix: string): Promise<void> => {
    for (const [name, next] of branch.below) {
      throwIfAborted(signal);
      const path = prefix + name;
      const info = await childInfo(anchor, name);
      if (info?.kind === "folder") {
        if (next.isAsked) list.push({ path });
        if (next.below.size === 0) continue;
        await withChild(anchor, name, "look at", (child) => walk(child, next, `${path}/`));
        continue;
      }
      const node = info === undefined || !next.isAsked
        ? undefined
        : await nodeAt(anchor, name, path, content);
      if (node === undefined || info === undefined) {
        nothing(join(anchor.real, name), next, path);
        continue;
      }
      list.push({ path, node });
      identities.set(path, info.identity);
      nothing(join(anchor.real, name), { ...next, isAsked: false }, path);
    }
  };
  await withAnchor(top, "look at", space, (anchor) => walk(anchor, branchesOf(paths), ""));
  return { list, identities, missing };
}

function branchesOf(paths: readonly string[]): Branch {
  const root: Branch = { isAsked: false, below: new Map() };
  for (const path of paths.toSorted()) {
    let branch = root;
    for (const name of path.split("/")) {
      const next = branch.below.get(name) ?? { isAsked: false, below: new Map() };
      branch.below.set(name, next);
      branch = next;
    }
    branch.isAsked = true;
  }
  return root;
}

async function nodeAt(
  anchor: Anchor,
  name: string,
  path: string,
  content: ((file: OpenFile) => Promise<string>) | undefined,
): Promise<TreeNode | undefined> {
  const info = await childInfo(anchor, name);
  if (info?.kind !== "file" && info?.kind !== "link") return undefined;
  const { kind, mode, size } = info;
  const node = { path, mode, modified: info.modified.getTime() };
  if (kind === "link") return { ...node, kind, size: 0, content: await readlink(anchor.at(name)) };
  if (content === undefined) return { ...node, kind, size, content: "" };
  return await withChildFile(anchor, name, "look at", async (file) => {
    return { ...node, kind, size: file.info.size, content: await content(file) };
  });
}

/** A list as it is kept. */
export function encodeStandings({ list }: Standings): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(list));
}

/** The image of some paths: `entries` counts those that matter. */
export function imageOfStandings(list: Uint8Array, entries: number, { list: all }: Standings): Image {
  const bytes = all.reduce((sum, { node }) => sum + (node?.size ?? 0), 0);
  const digest = digestOfBytes(list);
  return { kind: "folder", digest, bytes, entries, tree: digest };
}

/** The paths at which something else stands afterwards. */
export function differencesOf(before: readonly Standing[], after: readonly Standing[]): Difference[] {
  const now = new Map(after.map(({ path, node }) => [path, node]));
  return before.flatMap(({ path, node }) => {
    const then = now.get(path);
    const isSame = isSameContent(node, then) && isExecutable(node) === isExecutable(then);
    if (isSame) return [];
    return [{ path, ...(node === undefined ? {} : { before: node }), ...(then && { after: then }) }];
  });
}

/** Whether both are the same, permissions aside. Of files too large to be compared, size and time count. */
export function isSameContent(one: TreeNode | undefined, other: TreeNode | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.kind !== other.kind) return false;
  const isCompared = one.kind === "link" || (one.content !== "" && other.content !== "");
  return isCompared
    ? one.content === other.content
    : one.size === other.size && one.modified === other.modified;
}

function isExecutable(node: TreeNode | undefined): boolean {
  return node?.kind === "file" && (node.mode & 0o111) !== 0;
}

/** A list that was kept; undefined when there is none. */
export async function keptStandings(
  image: Image | undefined,
  journal: Journal,
): Promise<Standing[] | undefined> {
  if (image?.tree === undefined) return undefined;
  const bytes = await journal.bytes(image.tree, Infinity);
  return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString("utf8"));
}

/** What a recorded program changed; undefined when nobody could look at it when it had ended. */
export async function changedBy(
  { before, after }: Change,
  journal: Journal,
): Promise<Difference[] | undefined> {
  const [then, now] = await Promise.all([keptStandings(before, journal), keptStandings(after, journal)]);
  return then === undefined || now === undefined ? undefined : differencesOf(then, now);
}

/** What a program whose recording was left open has changed. */
export async function examineProgram(
  change: Change,
  { space, journal }: Records,
  signal: AbortSignal,
): Promise<Finding> {
  const then = await keptStandings(change.before, journal) ?? [];
  const now = await readStandings(change.path, then.map(({ path }) => path), space, signal, digestOf);
  const changed = differencesOf(then, now.list);
  const list = encodeStandings(now);
  return { happened: changed.length > 0, after: imageOfStandings(list, changed.length, now), list };
}
