/**
 * What is in a folder, as text: one line an entry, in a stable order, page by page.
 * @module
 */
import { join, relative, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { errorCode, throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted, localTimes, sizeText } from "../../lib/format.ts";
import type { Entry, Info, Kind, OpenFolder } from "../../lib/fs/types.ts";
import { isIgnored, type Rules, rulesAbove, rulesInside } from "../../lib/gitignore.ts";
import type { Glob } from "../../lib/glob.ts";
import { LIST_ENTRIES_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { NOISE_FOLDERS } from "../../lib/noise.ts";
import { fitLines } from "../../lib/reply.ts";
import type { Context } from "../../lib/tool.ts";

/** What to list, and which page of it. */
export interface Wish {
  /** 1: the entries of the folder itself. */
  readonly depth: number;
  readonly glob?: Glob;
  readonly sort: "name" | "size" | "modified";
  /** First entry of the page, from 1. */
  readonly offset: number;
  readonly limit: number;
}

/** A page of a listing. */
export interface Listing {
  readonly title: string;
  readonly lines: readonly string[];
  /** The offset of the next page; undefined when this is the last one. */
  readonly next?: number;
  /** How many entries there are in all, as far as they were walked. */
  readonly total: number;
  /** What the walk left out and how to see it. */
  readonly notes: readonly string[];
}

/**
 * Lists a folder. Walks deeper than one level leave out what `.gitignore` names and do not enter noise
 * folders.
 */
export async function listFolder(path: string, wish: Wish, ctx: Context): Promise<Listing> {
  const walk = new Walk(wish, ctx);
  const rules = wish.depth > 1 ? await rulesFor(path, ctx) : undefined;
  await ctx.files.withFolder(path, (folder) => walk.enter(folder, "", 1, rules));
  const { rows } = walk;
  const { sort } = wish;
  if (sort !== "name") rows.sort((a, b) => compare(a, b, sort));
  const start = wish.offset - 1;
  if (start >= rows.length && start > 0) {
    throw new ToolError(
      `Cannot list "${showName(path)}" from entry ${count(wish.offset)}: it has ${
        counted(rows.length, "entry", "entries")
      }`,
      rows.length === 0 ? "Leave offset out." : `Use an offset from 1 to ${rows.length}.`,
    );
  }
  const isFlat = wish.glob !== undefined || sort !== "name";
  const timeOf = sort === "modified" ? localTimes(ctx.timeZone) : undefined;
  const lines: string[] = [];
  for (const row of rows.slice(start, start + wish.limit)) {
    throwIfAborted(ctx.signal);
    lines.push(await lineOf(row, path, isFlat, timeOf, ctx));
  }
  const fitted = fitLines(lines);
  const end = start + fitted.length;
  const open = isFlat ? [] : openFolders(rows[start]);
  return {
    title: titleOf(path, walk, start, end),
    lines: [...open, ...fitted],
    total: rows.length,
    notes: walk.notes(),
    ...(end < rows.length ? { next: end + 1 } : {}),
  };
}

/** An entry of a listing. */
interface Row {
  /** Relative to the listed folder, with `/`. */
  readonly path: string;
  readonly name: string;
  readonly level: number;
  readonly kind: Kind;
  info?: Info;
  /** Why the folder was not entered. */
  note?: string;
}

/** Entries after which a walk lets other calls have their turn: matching names takes no pause by itself. */
const ENTRIES_PER_TURN = 500;

/** Entries whose size and times are asked for at the same time. */
const INFOS_AT_ONCE = 64;

class Walk {
  readonly rows: Row[] = [];
  /** The folder in which the walk gave up, when it did. */
  stoppedAt?: string;
  private visited = 0;
  private ignored = 0;
  private readonly noise = new Map<string, number>();

  constructor(private readonly wish: Wish, private readonly ctx: Context) {}

  async enter(folder: OpenFolder, base: string, level: number, above: Rules | undefined): Promise<void> {
    const entries = await folder.entries();
    const names = new Set(entries.map((entry) => entry.name));
    const rules = this.wish.depth > 1
      ? await rulesInside(folder, (name) => names.has(name), base, above)
      : undefined;
    const unknown: Row[] = [];
    for (const entry of entries) {
      if (this.visited >= LIST_ENTRIES_MAX) {
        this.stoppedAt ??= folder.path;
        break;
      }
      if (++this.visited % ENTRIES_PER_TURN === 0) {
        await setImmediate();
        throwIfAborted(this.ctx.signal);
        this.ctx.progress(this.visited, undefined, "Entries seen");
      }
      const path = base + entry.name;
      if (isIgnored(rules, path, entry.kind === "folder")) {
        this.ignored++;
        continue;
      }
      const row = this.rowOf(entry, path, level);
      if (row !== undefined && this.needsInfo(row)) unknown.push(row);
      if (entry.kind === "folder" && level < this.wish.depth) {
        await this.descend(folder, entry.name, path, level, rules, row);
      }
    }
    await fillInfo(folder, unknown, this.ctx);
  }

  get isEmpty(): boolean {
    return this.visited === 0;
  }

  notes(): string[] {
    const notes: string[] = [];
    if (this.noise.size > 0) {
      const names = [...this.noise].map(([name, times]) => times === 1 ? name : `${name} (${count(times)})`);
      notes.push(`Not entered: ${names.join(", ")}. List one of them directly to see inside.`);
    }
    if (this.ignored > 0) {
      const what = counted(this.ignored, "entry", "entries");
      notes.push(`Left out: ${what} that .gitignore names. List the folder with depth 1 to see them.`);
    }
    if (this.stoppedAt !== undefined) {
      const where = showName(this.stoppedAt);
      notes.push(
        `Stopped after ${
          count(LIST_ENTRIES_MAX)
        } entries, in ${where}. List a smaller folder or a lower depth.`,
      );
    }
    return notes;
  }

  /** The row of an entry, now the last one; none when its name does not match. */
  private rowOf(entry: Entry, path: string, level: number): Row | undefined {
    if (!(this.wish.glob?.matches(path) ?? true)) return undefined;
    const row = { path, name: entry.name, level, kind: entry.kind };
    this.rows.push(row);
    return row;
  }

  /** Sizes and times are fetched only for what will be shown or sorted by. */
  private needsInfo(row: Row): boolean {
    if (this.wish.sort !== "name") return true;
    const index = this.rows.length - this.wish.offset;
    return row.kind === "file" && index >= 0 && index < this.wish.limit;
  }

  private async descend(
    folder: OpenFolder,
    name: string,
    path: string,
    level: number,
    rules: Rules | undefined,
    row: Row | undefined,
  ): Promise<void> {
    if (NOISE_FOLDERS.has(name)) {
      this.noise.set(name, (this.noise.get(name) ?? 0) + 1);
      if (row !== undefined) row.note = "not entered";
      return;
    }
    try {
      await folder.withFolder(name, (child) => this.enter(child, `${path}/`, level + 1, rules));
    } catch (error) {
      throwIfAborted(this.ctx.signal);
      if (!(error instanceof ToolError) && errorCode(error) === undefined) throw error;
      if (row !== undefined) row.note = "cannot be opened";
    }
  }
}

/** Asks the system about entries of an open folder, a few at a time. */
async function fillInfo(folder: OpenFolder, rows: readonly Row[], ctx: Context): Promise<void> {
  for (let at = 0; at < rows.length; at += INFOS_AT_ONCE) {
    throwIfAborted(ctx.signal);
    await Promise.all(
      rows.slice(at, at + INFOS_AT_ONCE).map(async (row) => {
        row.info = await infoOf(folder, row.name);
      }),
    );
  }
}

async function infoOf(folder: OpenFolder, name: string): Promise<Info | undefined> {
  try {
    return await folder.info(name);
  } catch (error) {
    // It can be gone by now; it was there when the folder was read.
    if (error instanceof ToolError || errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** The rules of the folders above; none where one of them cannot be listed. */
async function rulesFor(path: string, ctx: Context): Promise<Rules | undefined> {
  const roots = ctx.files.roots.flatMap((root) => [root.given, root.real]);
  const within = (root: string) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
  const [root] = roots.filter(within).sort((a, b) => a.length - b.length);
  if (root === undefined || root === path) return undefined;
  try {
    const components = relative(root, path).split(sep);
    return await rulesAbove(ctx.files, root, components);
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

function compare(a: Row, b: Row, sort: "size" | "modified"): number {
  const size = (row: Row) => row.kind === "file" ? row.info?.size ?? 0 : -1;
  const difference = sort === "size"
    ? size(b) - size(a)
    : (b.info?.modified.getTime() ?? 0) - (a.info?.modified.getTime() ?? 0);
  return difference || (a.path < b.path ? -1 : 1);
}

async function lineOf(
  row: Row,
  folder: string,
  isFlat: boolean,
  timeOf: ((moment: Date) => string) | undefined,
  ctx: Context,
): Promise<string> {
  const name = isFlat ? showName(row.path) : "  ".repeat(row.level - 1) + showName(row.name);
  const time = timeOf !== undefined && row.info !== undefined
    ? `  ${timeOf(row.info.modified).slice(0, 16).replace("T", " ")}`
    : "";
  switch (row.kind) {
    case "folder":
      return `${name}/${time}${row.note === undefined ? "" : ` (${row.note})`}`;
    case "link":
      return `${name} -> ${await targetOf(join(folder, row.path), ctx)}${time}`;
    case "other":
      return `${name}  (pipe, socket or device)${time}`;
    case "file":
      return `${name}${row.info === undefined ? "" : `  ${sizeText(row.info.size)}`}${time}`;
  }
}

async function targetOf(path: string, ctx: Context): Promise<string> {
  try {
    return showName((await ctx.files.info(path)).target ?? "?");
  } catch (error) {
    if (error instanceof ToolError) return "?";
    throw error;
  }
}

/** The folders a page starts inside of, so that its indentation can be understood. */
function openFolders(first: Row | undefined): string[] {
  const above = first?.path.split("/").slice(0, -1) ?? [];
  return above.map((name, level) => `${"  ".repeat(level)}${showName(name)}/ (continued)`);
}

function titleOf(path: string, { rows, isEmpty, stoppedAt }: Walk, start: number, end: number): string {
  const kinds = (["folder", "file", "link", "other"] as const)
    .map((kind) => [kind, rows.filter((row) => row.kind === kind).length] as const)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => kind === "other" ? `${count(number)} other` : counted(number, kind));
  const what = `${stoppedAt === undefined ? "" : "at least "}${kinds.join(", ")}`;
  const page = end - start < rows.length
    ? `; entries ${count(start + 1)}-${count(end)} of ${count(rows.length)}`
    : "";
  return `${showName(path)}: ${rows.length > 0 ? what : isEmpty ? "empty folder" : "nothing to show"}${page}`;
}
