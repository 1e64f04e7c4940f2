/**
 * Folders of this user alone.
 * @module
 */
import { chmod, lstat, mkdir } from "node:fs/promises";
import process from "node:process";

/**
 * Makes sure that a folder exists and that nobody else can look or write into it.
 * @throws {Error} when something else stands there, or it belongs to another user.
 */
export async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  if (!stats.isDirectory()) throw new Error("it is not a folder");
  const user = userId();
  if (user === undefined) return;
  if (stats.uid !== user) throw new Error("it belongs to another user");
  if ((stats.mode & 0o777) !== 0o700) await chmod(folder, 0o700);
}

/** Who we are; unknown on Windows, and under Deno without the permission to ask. */
function userId(): number | undefined {
  try {
    return process.getuid?.();
  } catch {
    return undefined;
  }
}
