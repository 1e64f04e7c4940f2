/**
 * Pages that were fetched, kept for their later parts and to ask whether they have changed: on disk, for all
 * processes of the person, or in memory for what is private or must not be stored.
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../atomic.ts";
import { errorText } from "../errors.ts";
import {
  WEB_CACHE_BYTES_MAX,
  WEB_CACHE_FILES_MAX,
  WEB_KEEP_MS_MAX,
  WEB_MEMORY_BYTES_MAX,
} from "../limits.ts";
import { makePrivate } from "../private.ts";

/** A kept page: facts, which are JSON, and bytes. */
export interface Kept<Facts> {
  readonly facts: Facts;
  readonly bytes: Buffer;
}

/** Keeps pages. A page that cannot be kept or read again is no error: it is fetched again. */
export interface Cache<Facts> {
  /** @param key Everything the page depends on: address, configuration. */
  get(key: string): Promise<Kept<Facts> | undefined>;
  /** @param isSecret Whether it must not reach the disk. */
  put(key: string, page: Kept<Facts>, isSecret: boolean): Promise<void>;
}

/** What a cache is made with. */
export interface CacheOptions {
  /** A folder of our own; undefined keeps everything in memory. */
  readonly folder: string | undefined;
  readonly warn: (message: string) => void;
}

/** The beginning of every file; another number makes older files unreadable, and so removes them. */
const FORMAT = "clawhammer-page-1";

/** Pages written between two looks at how much there is. */
const TIDY_EVERY = 16;

/** Makes it. Nothing is written before the first page is kept. */
export function createCache<Facts>({ folder, warn }: CacheOptions): Cache<Facts> {
  const memory = createMemory<Facts>();
  let written = 0;
  return {
    async get(key) {
      const name = hash(key);
      return memory.get(name) ?? (folder === undefined ? undefined : await readKept(join(folder, name)));
    },
    async put(key, page, isSecret) {
      const name = hash(key);
      memory.remove(name);
      if (isSecret || folder === undefined) {
        if (folder !== undefined) await rm(join(folder, name), { force: true }).catch(() => {});
        memory.put(name, page);
        return;
      }
      try {
        await makePrivate(folder);
        await writeKept(folder, name, page);
        if (written++ % TIDY_EVERY === 0) await tidy(folder);
      } catch (error) {
        warn(`Cannot keep a page in "${folder}": ${errorText(error)}`);
        memory.put(name, page);
      }
    },
  };
}

function hash(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

function createMemory<Facts>(): {
  get(name: string): Kept<Facts> | undefined;
  put(name: string, page: Kept<Facts>): void;
  remove(name: string): void;
} {
  const pages = new Map<string, { readonly page: Kept<Facts>; readonly size: number }>();
  let size = 0;
  const remove = (name: string) => {
    size -= pages.get(name)?.size ?? 0;
    pages.delete(name);
  };
  return {
    get: (name) => pages.get(name)?.page,
    remove,
    put(name, page) {
      remove(name);
      const own = page.bytes.length + 2 * JSON.stringify(page.facts).length;
      pages.set(name, { page, size: own });
      size += own;
      for (const [oldest] of pages) {
        if (size <= WEB_MEMORY_BYTES_MAX || oldest === name) break;
        remove(oldest);
      }
    },
  };
}

async function writeKept<Facts>(folder: string, name: string, page: Kept<Facts>): Promise<void> {
  const head = Buffer.from(`${FORMAT}\n${JSON.stringify(page.facts)}\n`);
  await writeAtomically(
    join(folder, name),
    0o600,
    (file) => file.writeFile(Buffer.concat([head, page.bytes])),
  );
}

async function readKept<Facts>(path: string): Promise<Kept<Facts> | undefined> {
  try {
    const all = await readFile(path);
    const start = FORMAT.length + 1;
    const end = all.indexOf("\n", start);
    if (end < 0 || all.toString("latin1", 0, start) !== `${FORMAT}\n`) throw new Error("it is damaged");
    // Written by this program in a folder of its own, and JSON.stringify leaves no line feed in it.
    const facts = JSON.parse(all.toString("utf8", start, end)) as Facts;
    return { facts, bytes: all.subarray(end + 1) };
  } catch {
    return undefined;
  }
}

/** Removes what is too old, and the oldest of what is too much. Other processes may do the same. */
async function tidy(folder: string): Promise<void> {
  const names = await readdir(folder);
  const files = await Promise.all(names.map(async (name) => {
    const path = join(folder, name);
    const stats = await stat(path).catch(() => undefined);
    return { path, size: stats?.size ?? 0, at: stats?.mtimeMs ?? 0 };
  }));
  const now = Date.now();
  let bytes = 0;
  let count = 0;
  for (const { path, size, at } of files.toSorted((a, b) => b.at - a.at)) {
    bytes += size;
    const isKept = ++count <= WEB_CACHE_FILES_MAX && bytes <= WEB_CACHE_BYTES_MAX &&
      now - at <= WEB_KEEP_MS_MAX;
    if (!isKept) await rm(path, { force: true }).catch(() => {});
  }
}
