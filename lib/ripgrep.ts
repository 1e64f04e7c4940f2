/**
 * ripgrep as a child process: where its executable comes from, and running it.
 *
 * The compiled product carries the executable inside. It is written out at the first search, to a private
 * folder, under a name that holds its hash; what stands there is used only when its hash is right. Where that
 * folder cannot be written or forbids execution, the system's temporary folder is tried, then an `rg` on the
 * PATH.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import process from "node:process";
import type { Writable } from "node:stream";
import { writeAtomically } from "./atomic.ts";
import { canConfine } from "./confine/landlock.ts";
import {
  type Child,
  type Confinement,
  createConfinement,
  type Ended,
  type Sinks,
  UnconfinedError,
} from "./confine/start.ts";
import { errorCode, errorText, throwIfAborted, ToolError } from "./errors.ts";
import { createGate } from "./gate.ts";
import { SEARCH_ERROR_BYTES_MAX, SEARCH_MS_MAX, SEARCHES_AT_ONCE_MAX } from "./limits.ts";
import { makePrivate } from "./private.ts";
import { isExecutable } from "./programs.ts";
import { embeddedFile, sourceFolder } from "./runtime.ts";
import type { Log } from "./tool.ts";

/** What ripgrep is made with. */
export interface RipgrepOptions {
  /** A folder of our own for what can be made again. */
  readonly cacheFolder: string;
  readonly log: Log;
  /**
   * The value of the environment variable PATH, to look for an installed ripgrep when our own cannot be run.
   */
  readonly searchPath?: string;
  /** The executable inside the product; undefined when it is run from source. */
  readonly embedded?: () => Blob | undefined;
  /** The folder that holds `node_modules` when run from source. */
  readonly sourceFolder?: string;
  /**
   * The second place to write the executable to. Default: a private folder in the system's temporary folder.
   */
  readonly secondFolder?: string;
  /** False: as on a system that cannot confine programs. */
  readonly confine?: boolean;
}

/** Hands bytes over; false when no more are wanted. They must not be changed afterwards. */
export type Write = (bytes: Uint8Array) => Promise<boolean>;

/** One run. */
export interface Run {
  readonly args: readonly string[];
  /** The directory it is started in. */
  readonly cwd: string;
  /** Whether it must not be able to list or read anything outside of that directory. */
  readonly confined?: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds after which it is ended; SEARCH_MS_MAX unless given. */
  readonly ms?: number;
  /** Takes a piece of standard output; false ends the run, because there is enough. */
  take(chunk: Buffer): boolean;
  /** Writes what it reads from standard input; nothing unless given. */
  input?(write: Write): Promise<void>;
  /** Told once when a confined run is waiting for something instead of working. */
  onIdle?(): void;
}

/** How a run ended. */
export interface RunEnd {
  /** The exit status; undefined when it was stopped. */
  readonly status?: number;
  /** The beginning of what it wrote to standard error. */
  readonly errors: string;
  /** Why it was stopped. */
  readonly stopped?: "max" | "time";
}

/** Runs ripgrep. */
export interface Ripgrep {
  /** Whether runs can be confined on this system. */
  confines(): Promise<boolean>;
  /**
   * Runs it to its end. Undefined when no ripgrep can be executed here, or not confined as it should be.
   * @throws {CancelledError} when the signal is aborted; the child is killed at once.
   */
  run(run: Run): Promise<RunEnd | undefined>;
}

const NAME = process.platform === "win32" ? "rg.exe" : "rg";

/** Errors of starting a process that say nothing about the executable. */
const BUSY: ReadonlySet<string> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM", "ETXTBSY"]);

/** Makes the runner. Nothing is written or started before the first run. */
export function createRipgrep(options: RipgrepOptions): Ripgrep {
  const places = executables(options);
  const confinement = createConfinement();
  const turn = createGate(SEARCHES_AT_ONCE_MAX);
  // The executable in use, sought at the first run and given up for the next one when it cannot be run.
  let current: Promise<string | undefined> | undefined;
  let confines: Promise<boolean> | undefined = options.confine === false ? Promise.resolve(false) : undefined;
  const seek = async () => {
    const { value, done } = await places.next();
    if (done !== true) return value;
    options.log.warn("No ripgrep can be run here: searching with the slower built-in search");
    return undefined;
  };
  return {
    confines: () => confines ??= canConfine(),
    run: (run) =>
      turn(async () => {
        for (;;) {
          throwIfAborted(run.signal);
          const tried = current ??= seek();
          const executable = await tried;
          if (executable === undefined) return undefined;
          try {
            return await execute(executable, run, confinement);
          } catch (error) {
            if (error instanceof UnconfinedError) {
              options.log.warn(`Cannot confine ripgrep: ${error.message}`);
              confines = Promise.resolve(false);
              return undefined;
            }
            if (!(error instanceof UnusableError)) throw error;
            options.log.warn(`Cannot run "${executable}": ${error.message}`);
            if (current === tried) current = seek();
          }
        }
      }),
  };
}

/** The executable itself is at fault. */
class UnusableError extends Error {}

/** Where ripgrep may be, best first. */
async function* executables(options: RipgrepOptions): AsyncGenerator<string, undefined> {
  const embedded = (options.embedded ?? (() => embeddedFile("rg.bin")))();
  if (embedded !== undefined) {
    const bytes = new Uint8Array(await embedded.arrayBuffer());
    for (const folder of [options.cacheFolder, options.secondFolder ?? temporaryFolder()]) {
      try {
        yield await writeOut(bytes, folder);
      } catch (error) {
        options.log.warn(`Cannot write ripgrep to "${folder}": ${errorText(error)}`);
      }
    }
  }
  const source = options.sourceFolder ?? sourceFolder();
  const installed = `@vscode/ripgrep-${process.platform}-${process.arch}/bin/${NAME}`;
  const elsewhere = [
    ...(source === undefined ? [] : [join(source, "node_modules", installed)]),
    ...(options.searchPath ?? "").split(delimiter).filter(isAbsolute).map((folder) => join(folder, NAME)),
  ];
  for (const path of elsewhere) if (await isExecutable(path)) yield path;
  return undefined;
}

/**
 * A folder of this user alone: others may write to the temporary folder, so its owner and mode are checked.
 */
function temporaryFolder(): string {
  return join(tmpdir(), `clawhammer-${process.getuid?.() ?? "cache"}`);
}

/**
 * Makes sure that the executable stands in a folder. Several processes may do so at the same time.
 * @returns its path.
 */
async function writeOut(bytes: Uint8Array, folder: string): Promise<string> {
  const hash = createHash("sha256").update(bytes).digest("hex");
  await makePrivate(folder);
  const path = join(folder, `rg-${hash.slice(0, 16)}${process.platform === "win32" ? ".exe" : ""}`);
  if (await holds(path, hash, bytes.length)) return path;
  try {
    await writeAtomically(path, 0o700, async (file) => {
      await file.writeFile(bytes);
      await file.chmod(0o700);
      await file.sync();
    });
  } catch (error) {
    // Windows does not replace a program that runs: another process has put it there and started it.
    if (!(await holds(path, hash, bytes.length))) throw error;
  }
  if (await holds(path, hash, bytes.length)) return path;
  throw new Error("what was written there is not what is read back");
}

/** Whether a file is there that is ours to execute: a regular file of our own, with the right contents. */
async function holds(path: string, hash: string, size: number): Promise<boolean> {
  try {
    const file = await open(
      path,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size !== size) return false;
      if (process.getuid !== undefined && stats.uid !== process.getuid()) return false;
      if (createHash("sha256").update(await file.readFile()).digest("hex") !== hash) return false;
      if (process.getuid !== undefined && (stats.mode & 0o777) !== 0o700) await file.chmod(0o700);
      return true;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}

/** Runs the executable once. @throws {UnusableError} when it cannot be executed. */
async function execute(executable: string, run: Run, confinement: Confinement): Promise<RunEnd> {
  let stopped: RunEnd["stopped"];
  let fault: unknown;
  const errors: Uint8Array[] = [];
  let errorBytes = 0;
  let silent = true;
  const child = start(executable, run, {
    output(bytes) {
      silent = false;
      if (stopped !== undefined || fault !== undefined || run.signal.aborted) return;
      try {
        if (!run.take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) stop("max");
      } catch (error) {
        fault = error;
        child.kill();
      }
    },
    errors(bytes) {
      if (errorBytes < SEARCH_ERROR_BYTES_MAX) errors.push(bytes);
      errorBytes += bytes.length;
    },
  }, confinement);
  const kill = () => child.kill();
  const stop = (why: RunEnd["stopped"]) => {
    stopped ??= why;
    kill();
  };
  const timer = setTimeout(() => stop("time"), run.ms ?? SEARCH_MS_MAX);
  run.signal.addEventListener("abort", kill, { once: true });
  process.once("exit", kill);
  try {
    const { status, killedBy } = await ended(child, executable);
    await child.fed;
    throwIfAborted(run.signal);
    if (fault !== undefined) throw fault;
    const text = Buffer.concat(errors).toString("utf8", 0, SEARCH_ERROR_BYTES_MAX);
    if (stopped !== undefined) return { stopped, errors: text };
    if (status !== null && status <= 2) return { status, errors: text };
    if (status !== null) throw new UnusableError(`it ended with status ${status}`);
    // macOS ends what it does not trust, and an old processor what it does not understand, without a word.
    if (silent) throw new UnusableError(`the system ended it with ${killedBy}`);
    throw new ToolError(
      `The search was ended by the system with ${killedBy}`,
      "Try again, in a smaller folder.",
    );
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener("abort", kill);
    process.removeListener("exit", kill);
  }
}

function start(executable: string, run: Run, sinks: Sinks, confinement: Confinement): Child {
  const { args, cwd } = run;
  if (run.confined === true) {
    return confinement.start({ program: executable, folder: cwd }, args, sinks, () => run.onIdle?.());
  }
  try {
    const stdin = run.input === undefined ? "ignore" : "pipe";
    // An empty environment: nothing of ours, or of a configuration file that it names, reaches the child.
    const child = spawn(executable, args, {
      cwd,
      env: {},
      stdio: [stdin, "pipe", "pipe"],
      windowsHide: true,
    });
    child.stdout?.on("data", (bytes: Buffer) => sinks.output(bytes));
    child.stderr?.on("data", (bytes: Buffer) => sinks.errors(bytes));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, killedBy) => resolve({ status, killedBy }));
    });
    const fed = child.stdin === null
      ? undefined
      : feed(child.stdin, async (write) => await run.input?.(write));
    // Whoever waits for it hears of its failure; nobody waits when the child cannot be started.
    fed?.catch(() => {});
    return { kill: () => void child.kill("SIGKILL"), ended, ...(fed === undefined ? {} : { fed }) };
  } catch (error) {
    throw startError(error);
  }
}

/** Writes as fast as it is read; a reader that has enough just ends. */
async function feed(stdin: Writable, input: (write: Write) => Promise<void>): Promise<void> {
  let isOpen = true;
  stdin.on("error", () => isOpen = false);
  stdin.on("close", () => isOpen = false);
  try {
    await input(async (bytes) => {
      if (!isOpen || stdin.write(bytes)) return isOpen;
      await nextOf(stdin, ["drain", "close", "error"]);
      return isOpen;
    });
  } finally {
    stdin.end();
  }
}

/** Resolves at the first of the events, and leaves no listener of the others behind. */
function nextOf(stream: Writable, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

async function ended(child: Child, executable: string): Promise<Ended> {
  try {
    return await child.ended;
  } catch (error) {
    if (error instanceof UnconfinedError) throw error;
    // The same code means that the directory is missing, which is no fault of the executable.
    if (errorCode(error) === "ENOENT" && await isExecutable(executable)) {
      throw new ToolError("Cannot search: the folder is gone", "List the folder above it again.");
    }
    throw startError(error);
  }
}

function startError(error: unknown): Error {
  if (BUSY.has(errorCode(error) ?? "")) {
    return new ToolError(
      `Cannot start the search: the system says ${errorCode(error)}`,
      "Try again in a moment, with fewer calls at once.",
    );
  }
  return new UnusableError(errorText(error));
}
