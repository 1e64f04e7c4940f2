/**
 * The files that SQLite keeps beside a database, before it sees them.
 *
 * It believes them: what a journal says is put back into the database when it is opened next, even for
 * reading, and a journal of several databases names another file, which is deleted then. Whoever can write
 * beside a database, such as what a repository brings, could have any file deleted or written in this way.
 * @module
 */
import { Buffer } from "node:buffer";
import { lstat, open } from "node:fs/promises";
import { errorCode } from "../errors.ts";

/** What stands at the end of a journal that names another file (SQLite, "Database File Format", 3.). */
const NAMES_ANOTHER = Buffer.from("d9d505f920a163d7", "hex");

/** Why the files beside a database speak against opening it; undefined when they do not. */
export async function badNeighbour(path: string): Promise<string | undefined> {
  for (const end of ["-journal", "-wal", "-shm"]) {
    const name = `${path}${end}`;
    try {
      const stats = await lstat(name);
      if (!stats.isFile()) return `"${name}" beside it is a link or no file, and SQLite would write to it`;
      if (end === "-journal" && await endsWith(name, stats.size, NAMES_ANOTHER)) {
        return `"${name}" beside it is left of a change to several databases, and opening it could delete ` +
          "another file that it names. If that is right, open the database with sqlite3 once";
      }
    } catch (error) {
      const code = errorCode(error);
      if (code !== "ENOENT") return `the system says ${code} of "${name}"`;
    }
  }
  return undefined;
}

async function endsWith(path: string, size: number, end: Uint8Array): Promise<boolean> {
  if (size < end.length) return false;
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(end.length), 0, end.length, size - end.length);
    return bytesRead === end.length && buffer.equals(end);
  } finally {
    await file.close();
  }
}
