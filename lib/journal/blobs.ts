/**
 * Kept contents, addressed by their SHA-256: small ones inside the database, larger ones as files
 * `blobs/ab/cdef…`. Contents and the reference that protects them from tidying appear in one transaction.
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode, ToolError } from "../errors.ts";
import type { OpenFile } from "../fs/types.ts";
import { JOURNAL_CHANGE_BYTES_MAX, JOURNAL_INLINE_BYTES_MAX, READ_CHUNK_BYTES } from "../limits.ts";
import { type Connection, type Database, explain } from "../sqlite/store.ts";
import { JOURNAL } from "./database.ts";

/** Contents on their way into the journal: in memory, or in a temporary file that has reached the disk. */
export interface Staged {
  readonly digest: string;
  readonly size: number;
  readonly bytes?: Uint8Array;
  readonly temporary?: string;
}

const PIECE_BYTES = 16 * READ_CHUNK_BYTES;

/** Lower-case hexadecimal SHA-256 of bytes. */
export function digestOfBytes(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Where the contents of a digest are when they are a file. */
export function blobPath(folder: string, digest: string): string {
  return join(folder, "blobs", digest.slice(0, 2), digest.slice(2));
}

/** Prepares bytes for being kept. */
export async function stageBytes(folder: string, bytes: Uint8Array): Promise<Staged> {
  const known = { digest: digestOfBytes(bytes), size: bytes.length };
  if (bytes.length <= JOURNAL_INLINE_BYTES_MAX) return { ...known, bytes };
  return { ...known, temporary: await intoTemporary(folder, (write) => write(bytes)) };
}

/**
 * Reads a file to keep it.
 * @param max Bytes it may have, at most: it can grow while it is read.
 */
export async function stageFile(folder: string, file: OpenFile, max: number): Promise<Staged> {
  const first = new Uint8Array(Math.min(file.info.size, JOURNAL_INLINE_BYTES_MAX) + 1);
  const length = await fill(file, first, 0);
  const begin = first.subarray(0, length);
  if (length < first.length && length <= max) return await stageBytes(folder, begin);
  const hash = createHash("sha256");
  let size = 0;
  const temporary = await intoTemporary(folder, async (write) => {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (let piece = begin; piece.length > 0;) {
      size += piece.length;
      if (size > max) throw tooLarge(file.path);
      hash.update(piece);
      await write(piece);
      piece = buffer.subarray(0, await file.read(buffer, size));
    }
  });
  return { digest: hash.digest("hex"), size, temporary };
}

/** Puts staged contents in their place, for a change. To be called inside a transaction that writes. */
export function place(connection: Connection, folder: string, change: number, staged: Staged): void {
  const { digest, size, bytes, temporary } = staged;
  const [known] = connection.all("SELECT 1 FROM blobs WHERE digest = ?", digest);
  if (known === undefined) {
    if (temporary !== undefined) {
      const path = blobPath(folder, digest);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      renameSync(temporary, path);
      syncFolder(dirname(path));
    }
    connection.run(
      "INSERT INTO blobs (digest, size, bytes) VALUES (?, ?, ?)",
      digest,
      size,
      temporary === undefined ? bytes ?? new Uint8Array() : null,
    );
  } else discard(staged);
  connection.run("INSERT OR IGNORE INTO refs (change, digest) VALUES (?, ?)", change, digest);
}

/** Removes the temporary file of contents that are not kept after all. */
export function discard({ temporary }: Staged): void {
  if (temporary !== undefined) rmSync(temporary, { force: true });
}

/**
 * Hands the bytes of a digest to `write`. @throws {ToolError} when they are gone or are not what they were.
 */
export async function readBlob(
  database: Database,
  digest: string,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const [row] =
    await database.read((connection) => connection.all("SELECT bytes FROM blobs WHERE digest = ?", digest)) ??
      [];
  const hash = createHash("sha256");
  if (row?.bytes instanceof Uint8Array) {
    hash.update(row.bytes);
    await write(row.bytes);
  } else {
    const file = row === undefined ? undefined : await openBlob(database.folder, digest);
    if (file === undefined) throw damaged(digest, "is gone");
    try {
      const buffer = new Uint8Array(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        await write(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
  if (hash.digest("hex") !== digest) throw damaged(digest, "is damaged");
}

/** The error for a change that would have to keep too much. */
export function tooLarge(path: string): ToolError {
  const limit = `${JOURNAL_CHANGE_BYTES_MAX / 1024 / 1024} MiB`;
  return new ToolError(
    `Cannot change "${path}": it holds more than ${limit}, too much to be kept for an undo`,
    "Nothing was changed. Work on smaller parts, or ask the person to do this by hand.",
  );
}

async function openBlob(folder: string, digest: string): Promise<FileHandle | undefined> {
  try {
    return await open(blobPath(folder, digest), constants.O_RDONLY);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function damaged(digest: string, how: string): ToolError {
  return new ToolError(
    `What the journal kept ${how} (${digest.slice(0, 12)}…)`,
    "Nothing of it can be restored. Look for the file in a backup.",
  );
}

async function fill(file: OpenFile, buffer: Uint8Array, from: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length), from + length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/**
 * Writes a temporary file inside the journal. Resolves with its path when everything has reached the disk.
 * @throws {ToolError} when it is the journal that cannot be written; errors of `work` itself pass.
 */
async function intoTemporary(
  folder: string,
  work: (write: (piece: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<string> {
  const path = join(folder, "blobs", `${randomBytes(8).toString("hex")}.tmp`);
  const own = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      throw explain(error, JOURNAL, folder);
    }
  };
  const file = await own(async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  });
  try {
    await work(async (piece) => {
      for (let written = 0; written < piece.length;) {
        const { bytesWritten } = await own(() => file.write(piece, written, piece.length - written, null));
        written += bytesWritten;
      }
    });
    await own(() => file.sync());
    return path;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Secures the name of a new file. Where folders cannot be flushed (Windows), names are safe already. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // The file itself has reached the disk; only its name may be lost with the power.
  }
}
