/**
 * Keeping the journal small: changes that are too old or too many are forgotten, oldest first, then the
 * contents that no change needs any more.
 * @module
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { JOURNAL_ORPHAN_MS } from "../limits.ts";
import { blobPath } from "./blobs.ts";
import type { Connection } from "../sqlite/store.ts";

/** How much a journal keeps. */
export interface Bounds {
  readonly bytes: number;
  readonly changes: number;
  readonly days: number;
}

const DAY_MS = 86_400_000;

/**
 * Forgets what is beyond the bounds. To be called inside a transaction that writes: while it runs no other
 * process can begin to need what is removed. Entries that are not done are left alone, and so is what they
 * need.
 * @param now Milliseconds since 1970.
 * @returns the digests whose files nobody needs any more, for {@link removeFiles}.
 */
export function tidy(connection: Connection, bounds: Bounds, now: number): string[] {
  const oldest = now - bounds.days * DAY_MS;
  connection.run("DELETE FROM changes WHERE at < ? AND status = 'done'", oldest);
  // What nobody could look at for as long (its folder is not allowed any more) is given up, too.
  connection.run("DELETE FROM changes WHERE at < ?", oldest - DAY_MS);
  connection.run(
    `DELETE FROM changes WHERE status = 'done'
     AND id <= (SELECT id FROM changes ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    bounds.changes,
  );
  const removed = dropUnneeded(connection);
  for (;;) {
    let excess = Number(connection.all("SELECT total(size) AS bytes FROM blobs")[0]?.bytes) - bounds.bytes;
    const candidates = connection.all("SELECT id FROM changes WHERE status = 'done' ORDER BY id LIMIT 100");
    if (excess <= 0 || candidates.length === 0) return removed;
    for (const { id } of candidates) {
      if (excess <= 0) break;
      excess -= own(connection, Number(id));
      connection.run("DELETE FROM refs WHERE change = ?", Number(id));
      connection.run("DELETE FROM changes WHERE id = ?", Number(id));
    }
    removed.push(...dropUnneeded(connection));
  }
}

/**
 * Removes the files of contents that {@link tidy} has dropped and nobody has kept again since. To be called
 * in a transaction of its own, when the first one is certain: a rollback could not bring files back.
 */
export function removeFiles(connection: Connection, folder: string, digests: readonly string[]): void {
  for (const digest of digests) {
    if (isKnown(connection, digest)) continue;
    try {
      rmSync(blobPath(folder, digest), { force: true });
    } catch {
      // Windows keeps a file that is being read; it will be swept.
    }
  }
}

/** Removes files that no entry knows: what a crash left behind. To be called like {@link tidy}. */
export function sweep(connection: Connection, folder: string, now: number): void {
  const blobs = join(folder, "blobs");
  for (const name of namesIn(blobs)) {
    if (name.endsWith(".tmp")) removeOld(join(blobs, name), now);
    else {
      for (const rest of namesIn(join(blobs, name))) {
        if (!isKnown(connection, name + rest)) removeOld(join(blobs, name, rest), now);
      }
    }
  }
}

/** Bytes that only this change needs. */
function own(connection: Connection, id: number): number {
  const [row] = connection.all(
    `SELECT total(size) AS bytes FROM blobs JOIN refs USING (digest) WHERE refs.change = ?
     AND NOT EXISTS (
       SELECT 1 FROM refs AS other WHERE other.digest = refs.digest AND other.change <> refs.change
     )`,
    id,
  );
  return Number(row?.bytes);
}

/** @returns the digests of those that are files. */
function dropUnneeded(connection: Connection): string[] {
  connection.run("DELETE FROM refs WHERE change NOT IN (SELECT id FROM changes)");
  const unneeded = "FROM blobs WHERE digest NOT IN (SELECT digest FROM refs)";
  const files = connection.all(`SELECT digest ${unneeded} AND bytes IS NULL`);
  connection.run(`DELETE ${unneeded}`);
  return files.map(({ digest }) => String(digest));
}

function isKnown(connection: Connection, digest: string): boolean {
  return connection.all("SELECT 1 FROM blobs WHERE digest = ?", digest).length > 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeOld(path: string, now: number): void {
  try {
    if (now - statSync(path).mtimeMs > JOURNAL_ORPHAN_MS) rmSync(path, { force: true });
  } catch {
    // Another process removed it in this moment.
  }
}
