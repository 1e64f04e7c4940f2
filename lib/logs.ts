/**
 * Reading our own log: its newest lines across the rotated files, and those that are still to come.
 * @module
 */
import { Buffer } from "node:buffer";
import { open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "./errors.ts";
import { LOG_FILES_KEPT, LOG_FOLLOW_MS } from "./limits.ts";
import { logPath } from "./log.ts";

/** How much of the log is wanted. */
export interface LogQuery {
  /** Lines, the newest ones. */
  readonly limit: number;
  /** Lines of this level and above. */
  readonly level: string;
}

/** A place in the current log file: which file it is, and the byte behind what was read. */
export interface LogPosition {
  readonly file: number | undefined;
  readonly offset: number;
}

/** What was read. */
export interface LogPage {
  /** The oldest first. */
  readonly lines: readonly string[];
  /** Whether there are older ones. */
  readonly more: boolean;
  readonly position: LogPosition;
}

const RANKS: readonly string[] = ["debug", "info", "warn", "error"];

/** The level of a line of the log (`<time> <level> <process> <message>`); undefined for any other text. */
export function levelOfLine(line: string): string | undefined {
  return /^\d{4}-\S+Z (debug|info|warn|error) \d+ /.exec(line)?.[1];
}

/** Whether a line is of a level or above. What is no line of ours is shown whatever the level. */
export function isAtLeast(line: string, level: string): boolean {
  const own = levelOfLine(line);
  return own === undefined || RANKS.indexOf(own) >= RANKS.indexOf(level);
}

/** Reads the newest lines. A log that does not exist is empty. @throws what the system says otherwise. */
export async function readLog(folder: string, { limit, level }: LogQuery): Promise<LogPage> {
  let lines: string[] = [];
  let position: LogPosition = { file: undefined, offset: 0 };
  for (let age = 0; age <= LOG_FILES_KEPT && lines.length <= limit; age++) {
    const read = await readFrom(logPath(folder, age), 0);
    if (read === undefined) continue;
    // A line that is just being written stays for the next look.
    const whole = read.bytes.lastIndexOf(10) + 1;
    if (age === 0) position = { file: read.file, offset: whole };
    const text = read.bytes.toString("utf8", 0, whole);
    lines = [...text.split("\n").filter((line) => line !== "" && isAtLeast(line, level)), ...lines];
  }
  return { lines: lines.slice(-limit), more: lines.length > limit, position };
}

/** Lines that are written after a position, as they come, until the signal is aborted. */
export async function* followLog(
  folder: string,
  from: LogPosition,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  let { file, offset } = from;
  while (!signal.aborted) {
    const current = await identity(logPath(folder));
    // The file was rotated: the rest of the old one first, then the new one from its beginning.
    const rotated = current !== file;
    const path = rotated && file !== undefined ? await formerPath(folder, file) : logPath(folder);
    const read = path === undefined ? undefined : await readFrom(path, offset);
    if (read?.emptied === true) offset = 0;
    else if (read !== undefined) {
      const whole = read.bytes.lastIndexOf(10) + 1;
      offset += whole;
      for (const line of read.bytes.toString("utf8", 0, whole).split("\n")) if (line !== "") yield line;
    }
    if (rotated) [file, offset] = [current, file === undefined ? offset : 0];
    else await delay(LOG_FOLLOW_MS, undefined, { signal }).catch(() => {});
  }
}

/** Where a file that was the current one stands now; undefined when it is gone. */
async function formerPath(folder: string, file: number): Promise<string | undefined> {
  for (let age = 1; age <= LOG_FILES_KEPT; age++) {
    if (await identity(logPath(folder, age)) === file) return logPath(folder, age);
  }
  return undefined;
}

async function identity(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function readFrom(
  path: string,
  offset: number,
): Promise<{ bytes: Buffer; file: number; emptied?: boolean } | undefined> {
  const handle = await open(path, "r").catch((error) => {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { size, ino } = await handle.stat();
    // A file that has become shorter was emptied, and begins anew.
    if (size < offset) return { bytes: Buffer.alloc(0), file: ino, emptied: true };
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), file: ino };
  } finally {
    await handle.close();
  }
}
