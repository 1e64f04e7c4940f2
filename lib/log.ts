/**
 * The log: a rotating file of our own, because hosts lose standard error; warnings and errors go there too.
 * Never standard output, which is the protocol.
 *
 * Several processes append to the same file at once: lines are written whole, in append mode, and carry the
 * process id. Nothing is created before the first message, and a log that fails never fails a call.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  LOG_BYTES_MAX,
  LOG_CHECK_MS,
  LOG_FILES_KEPT,
  LOG_LOCK_STALE_MS,
  LOG_MESSAGE_CHARS_MAX,
  LOG_WAIT_CHARS_MAX,
  LOG_WAIT_MS,
  STDERR_BYTES_MAX,
} from "./limits.ts";
import { redact } from "./redact.ts";
import type { Log } from "./tool.ts";

/** The levels, from everything to almost nothing. */
const RANKS = { debug: 0, info: 1, warn: 2, error: 3 };
type Level = keyof typeof RANKS;

/** How a log is made. */
export interface LogOptions {
  /** Where `clawhammer.log` goes; undefined means no file, only standard error. */
  readonly folder: string | undefined;
  /** Messages below this level are dropped. */
  readonly level: Level;
  /** Bytes of the file before it is rotated; LOG_BYTES_MAX unless a test gives fewer. */
  readonly bytesMax?: number;
  /** Milliseconds a line may wait for company; LOG_WAIT_MS unless a test gives another, 0 for none. */
  readonly waitMs?: number;
  /** Where warnings and errors are repeated; standard error unless a test gives another. */
  readonly stderr?: (line: string) => void;
}

/** Makes a log. Touches nothing until the first message. */
export function createLog(options: LogOptions): Log {
  const file = options.folder === undefined
    ? undefined
    : new LogFile(options.folder, options.bytesMax ?? LOG_BYTES_MAX, options.waitMs ?? LOG_WAIT_MS);
  const stderr = options.stderr ?? limitedStderr(file?.path);
  const write = (level: Level, message: string) => {
    if (RANKS[level] < RANKS[options.level]) return;
    const line = `${new Date().toISOString()} ${level} ${process.pid} ${printable(redact(message))}\n`;
    const urgent = RANKS[level] >= RANKS.warn;
    file?.append(line, urgent);
    if (urgent) stderr(line);
  };
  return {
    debug: (message) => {
      if (options.level === "debug") write("debug", typeof message === "string" ? message : message());
    },
    info: (message) => write("info", message),
    warn: (message) => write("warn", message),
    error: (message) => write("error", message),
  };
}

/** The name of the log file in the folder of logs. Older ones: `clawhammer.1.log`, `clawhammer.2.log`, … */
export function logPath(folder: string, age = 0): string {
  return join(folder, age === 0 ? "clawhammer.log" : `clawhammer.${age}.log`);
}

/** One line: control and format characters and line separators are escaped, so that no line is forged. */
function printable(message: string): string {
  const shown = message.length <= LOG_MESSAGE_CHARS_MAX
    ? message
    : `${message.slice(0, LOG_MESSAGE_CHARS_MAX)} [cut: ${message.length} characters]`;
  // Most messages are plain ASCII, which is much faster to see.
  if (/^[ -~]*$/.test(shown)) return shown;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return ESCAPES.get(character) ?? `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

const ESCAPES: ReadonlyMap<string, string> = new Map([["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

/** Standard error, up to STDERR_BYTES_MAX in all. Synchronous: a stream emits errors nobody handles. */
function limitedStderr(path: string | undefined): (line: string) => void {
  let left = STDERR_BYTES_MAX;
  return (line) => {
    if (left === 0) return;
    const bytes = Buffer.byteLength(line);
    left = bytes < left ? left - bytes : 0;
    const last = `clawhammer: no more messages here; they are in ${path ?? "no file either"}\n`;
    quietly(() => writeSync(2, left > 0 ? line : last));
  };
}

/** The file, opened at the first line. */
class LogFile {
  readonly path: string;
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #waitMs: number;
  #descriptor: number | undefined;
  #checkAt = 0;
  #unchecked = 0;
  #waiting = "";

  constructor(folder: string, bytesMax: number, waitMs: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    this.#waitMs = waitMs;
    this.path = logPath(folder);
  }

  /**
   * Adds a line. What is not urgent waits a moment for company: a write costs more than a small call, and one
   * write for several lines keeps them together.
   */
  append(line: string, urgent: boolean): void {
    if (this.#waiting === "" && this.#waitMs > 0) {
      process.once("exit", this.#flush);
      setTimeout(this.#flush, this.#waitMs).unref();
    }
    this.#waiting += line;
    if (urgent || this.#waitMs === 0 || this.#waiting.length > LOG_WAIT_CHARS_MAX) this.#flush();
  }

  readonly #flush = (): void => {
    process.off("exit", this.#flush);
    const lines = this.#waiting;
    this.#waiting = "";
    if (lines !== "") this.#write(lines);
  };

  #write(lines: string): void {
    quietly(() => {
      const bytes = Buffer.from(lines);
      const now = performance.now();
      if (now >= this.#checkAt || this.#unchecked > this.#bytesMax / 16) {
        this.#checkAt = now + LOG_CHECK_MS;
        this.#unchecked = 0;
        this.#check();
      }
      this.#descriptor ??= this.#open();
      this.#unchecked += bytes.length;
      writeSync(this.#descriptor, bytes);
    });
  }

  /** Makes room when the file is full, and lets go of a file that is not the current one any more. */
  #check(): void {
    const current = statSync(this.path, { throwIfNoEntry: false });
    if (current !== undefined && current.size >= this.#bytesMax) quietly(() => this.#rotate());
    if (this.#descriptor === undefined) return;
    const ours = fstatSync(this.#descriptor);
    const there = statSync(this.path, { throwIfNoEntry: false });
    if (there?.ino === ours.ino && there.dev === ours.dev) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }

  #open(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    return openSync(this.path, "a", 0o600);
  }

  /** Renames by age, under a lock (a folder, made atomically) so that two processes never both do it. */
  #rotate(): void {
    const lock = `${this.path}.lock`;
    const held = statSync(lock, { throwIfNoEntry: false });
    if (held !== undefined && Date.now() - held.mtimeMs > LOG_LOCK_STALE_MS) quietly(() => rmdirSync(lock));
    mkdirSync(lock);
    try {
      // Somebody else may have rotated between our look and the lock.
      if (statSync(this.path).size < this.#bytesMax) return;
      for (let age = LOG_FILES_KEPT; age > 0; age--) {
        quietly(() => renameSync(logPath(this.#folder, age - 1), logPath(this.#folder, age)));
      }
    } finally {
      rmdirSync(lock);
    }
  }
}

/** The log is never worth a failed call. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Nobody to tell: the log itself is what failed.
  }
}
