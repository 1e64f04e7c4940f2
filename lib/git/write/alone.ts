/**
 * One `git commit` at a time in a git directory, of all servers on this machine: it writes its message to a
 * file there and reads it back after the hooks, so two at once could take each other's.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../../alive.ts";
import { errorCode, throwIfAborted, ToolError } from "../../errors.ts";
import { GIT_COMMIT_MS_MAX, GIT_HELD_MS_MAX, GIT_LOCK_STEP_MS } from "../../limits.ts";
import { showName } from "../../names.ts";
import type { Repository } from "../types.ts";

/** Runs `work` while no other server does such work there. A lock whose process has ended does not count. */
export async function alone<T>(
  { gitDir, shown }: Pick<Repository, "gitDir" | "shown">,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const lock = join(gitDir, "clawhammer-commit.lock");
  for (let waited = 0; !(await taken(lock)); waited += GIT_LOCK_STEP_MS) {
    if (waited >= GIT_COMMIT_MS_MAX) {
      throw new ToolError(
        `Cannot commit in ${showName(shown)}: another server has been committing there for ${
          GIT_COMMIT_MS_MAX / 1_000
        } seconds`,
        "Nothing was committed. Its hooks may be slow. Try again in a moment.",
      );
    }
    await sleep(GIT_LOCK_STEP_MS, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
  try {
    return await work();
  } finally {
    await unlink(lock).catch(() => {});
  }
}

/** Takes the lock when nobody has it. */
async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code !== "EEXIST") {
      throw new ToolError(
        `Cannot commit: the system says ${code} of "${lock}"`,
        "The person looks at its rights.",
      );
    }
  }
  if (await isHeld(lock)) return false;
  // Moved away first and looked at again: another may have done the same, and taken it since.
  const aside = `${lock}-${randomBytes(6).toString("hex")}`;
  try {
    await rename(lock, aside);
    if (await isHeld(aside)) await rename(aside, lock);
    else await unlink(aside);
  } catch {
    // Somebody else was faster.
  }
  return false;
}

/**
 * Whether the process that a lock names is running; one that is just being written counts as held. What is
 * older than any commit is left over, whoever has that number by now; and a link or a pipe is no lock.
 */
async function isHeld(lock: string): Promise<boolean> {
  const stats = await lstat(lock).catch(() => undefined);
  if (stats === undefined) return true;
  if (!stats.isFile() || Date.now() - stats.mtimeMs > GIT_HELD_MS_MAX) return false;
  const number = Number(await begin(lock));
  return !Number.isInteger(number) || number <= 0 || isAlive(number);
}

/** The first bytes of a file, which may have become a link or a pipe meanwhile; "" for what is no file. */
async function begin(path: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LOCK_BYTES), 0, LOCK_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  } finally {
    await file.close();
  }
}

/** A number and the end of its line. */
const LOCK_BYTES = 32;
