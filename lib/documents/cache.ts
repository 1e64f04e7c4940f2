/**
 * Documents that were converted, kept in a folder of our own: Markdown, and behind it what is known of the
 * document. It is small, forgets what nobody asks for, and only ever makes things faster: whatever is wrong
 * with it, the document is read again.
 * @module
 */
import { Buffer } from "node:buffer";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../atomic.ts";
import { errorText } from "../errors.ts";
import { DOCUMENT_CACHE_BYTES_MAX, DOCUMENT_CACHE_DAYS_MAX } from "../limits.ts";
import { makePrivate } from "../private.ts";
import type { Log } from "../tool.ts";

/** A converted document, open until it is closed. */
export interface Kept {
  /** What was stored about it. */
  readonly facts: unknown;
  /** Bytes of the Markdown. */
  readonly size: number;
  /** Reads of the Markdown. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Converted documents by key. */
export interface Cache {
  /** What is kept under a key; undefined when there is nothing, or nothing sound. */
  open(key: string): Promise<Kept | undefined>;
  /** Keeps a document. Failing is no error: it is logged. */
  put(key: string, markdown: Buffer, facts: unknown): Promise<void>;
}

/** Stands at the end of every file, behind the lengths of its two parts (64 bits each). */
const MARK = "CLAWDOC1";
const TAIL_BYTES = 16 + MARK.length;
const FACTS_BYTES_MAX = 8 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Milliseconds after which a file that is still being written was left by a crash. */
const ORPHAN_MS = 3_600_000;

/** Makes the cache. The folder is created with the first document. */
export function createCache(folder: string, log: Log): Cache {
  return {
    async open(key) {
      const path = join(folder, `${key}.md`);
      try {
        const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
        const kept = await readKept(file).catch(() => undefined);
        if (kept === undefined) await file.close();
        // Its time tells when it was last asked for.
        else await utimes(path, new Date(), new Date()).catch(() => {});
        return kept;
      } catch {
        return undefined;
      }
    },
    async put(key, markdown, facts) {
      try {
        await makePrivate(folder);
        const path = join(folder, `${key}.md`);
        await writeAtomically(path, 0o600, (file) => file.writev(assemble(markdown, facts)));
        await tidy(folder);
      } catch (error) {
        log.warn(`Cannot keep a converted document in "${folder}": ${errorText(error)}`);
      }
    },
  };
}

function assemble(markdown: Buffer, facts: unknown): Buffer[] {
  const json = Buffer.from(JSON.stringify(facts));
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.writeBigUInt64LE(BigInt(markdown.length), 0);
  tail.writeBigUInt64LE(BigInt(json.length), 8);
  tail.write(MARK, 16, "latin1");
  return [markdown, json, tail].filter(({ length }) => length > 0);
}

async function readKept(file: FileHandle): Promise<Kept | undefined> {
  const stats = await file.stat();
  if (!stats.isFile() || stats.size < TAIL_BYTES) return undefined;
  if (process.getuid !== undefined && stats.uid !== process.getuid()) return undefined;
  const tail = Buffer.alloc(TAIL_BYTES);
  await file.read(tail, 0, TAIL_BYTES, stats.size - TAIL_BYTES);
  if (tail.toString("latin1", 16) !== MARK) return undefined;
  const [size, length] = [Number(tail.readBigUInt64LE(0)), Number(tail.readBigUInt64LE(8))];
  if (size + length + TAIL_BYTES !== stats.size || length > FACTS_BYTES_MAX) return undefined;
  const json = Buffer.alloc(length);
  await file.read(json, 0, length, size);
  return {
    facts: JSON.parse(json.toString("utf8")),
    size,
    async read(buffer, position) {
      const room = Math.min(buffer.length, size - position);
      return room <= 0 ? 0 : (await file.read(buffer, 0, room, position)).bytesRead;
    },
    close: () => file.close(),
  };
}

/** Drops what is old, then what was asked for longest ago until the rest fits. */
async function tidy(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^(\.[0-9a-f]{16}|[0-9a-f]{64}\.md)$/.test(name));
  const now = Date.now();
  const files = await Promise.all(names.map(async (name) => {
    const path = join(folder, name);
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: now }));
    return { path, size, age: now - mtimeMs, isTemporary: name.startsWith(".") };
  }));
  let bytes = 0;
  for (const { path, size, age, isTemporary } of files.sort((a, b) => a.age - b.age)) {
    bytes += size;
    const isOld = age > (isTemporary ? ORPHAN_MS : DOCUMENT_CACHE_DAYS_MAX * DAY_MS);
    if (isOld || (bytes > DOCUMENT_CACHE_BYTES_MAX && !isTemporary)) await rm(path, { force: true });
  }
}
