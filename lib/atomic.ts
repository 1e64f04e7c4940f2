/**
 * Files of our own that other processes read while they are written.
 * @module
 */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Puts a file in its place whole or not at all: it is written under another name beside it first, so that
 * nobody ever reads half of it. What stood there is replaced.
 * @param mode Its permissions, as far as the umask lets them be.
 * @param write Writes it; syncs it, where it must survive a crash of the machine.
 */
export async function writeAtomically(
  path: string,
  mode: number,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}-${randomBytes(6).toString("hex")}`);
  const file = await open(temporary, "wx", mode);
  try {
    try {
      await write(file);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
