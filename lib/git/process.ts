/**
 * Running git as a child process: one command, without a shell, limited in output and time, ended with
 * everything it has started.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import process from "node:process";
import { type ChildEnd, type ChildSinks, type RunningChild, startChild } from "../child.ts";
import { errorCode, throwIfAborted, ToolError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { GIT_ERROR_BYTES_MAX, GIT_KILL_MS, GIT_MS_MAX, GIT_OUTPUT_BYTES_MAX } from "../limits.ts";
import { redact } from "../redact.ts";
import type { Command, Output } from "./types.ts";

/** What is started. */
export interface Start {
  /** The absolute path of git. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Whether it may start others, so that all of them are ended together. */
  readonly family?: boolean;
}

/** git was ended because a file changed while it was read. Reading again helps. */
export class InterruptedError extends ToolError {
  constructor() {
    super("git was interrupted: a file changed its size while git was reading it", "Call again in a moment.");
  }
}

/**
 * Runs it, when its turn has come, until it has ended or there is enough of its output.
 * @throws {ToolError} when it cannot be started or takes too long.
 */
export async function runProcess(
  start: Start,
  command: Partial<Command> = {},
  turn: Gate = (work) => work(),
): Promise<Output> {
  const output = Promise.withResolvers<Output>();
  turn(async () => {
    const running = startProcess(start, command);
    output.resolve(running.output);
    // Its turn lasts until it has ended, also when there was enough before.
    await running.ended;
  }).catch(output.reject);
  return await output.promise;
}

/** Starts it. The output may be there before it has ended. */
function startProcess(
  start: Start,
  { input, take, maxBytes = GIT_OUTPUT_BYTES_MAX, timeoutMs = GIT_MS_MAX, finish = false }: Partial<Command>,
): { output: Promise<Output>; ended: Promise<ChildEnd> } {
  throwIfAborted(start.signal);
  const enough = Promise.withResolvers<undefined>();
  const stop = () => ending.stop();
  const written = collect({ take, maxBytes, signal: start.signal }, () => {
    enough.resolve(undefined);
    stop();
  });
  const child = startGit(start, input, written);
  let isLate = false;
  const ending = endingOf(child, start.family === true);
  const timer = setTimeout(() => {
    isLate = true;
    stop();
  }, timeoutMs);
  if (!finish) start.signal.addEventListener("abort", stop, { once: true });
  process.once("exit", ending.kill);
  const ended = child.ended.finally(() => {
    clearTimeout(timer);
    start.signal.removeEventListener("abort", stop);
    process.removeListener("exit", ending.kill);
    ending.done();
  }).catch((error) => {
    throw startError(error);
  });
  const outputAfter = (end: ChildEnd | undefined): Output => {
    throwIfAborted(start.signal);
    const { stdout, stderr, cut } = written.result();
    if (isLate) throw tooSlow(start.args, timeoutMs);
    // git looks at files through memory it shares with them: one that shrinks meanwhile ends it. What it
    // reads piece by piece it finds too short.
    if (end?.killedBy === "SIGBUS" || (end?.status !== 0 && stderr.includes("short read while indexing"))) {
      throw new InterruptedError();
    }
    return { status: cut ? undefined : end?.status ?? -1, stdout, stderr, cut };
  };
  // Ending takes git as long as a fifth of a short command. When there is enough, what only reads may do so
  // while the call goes on; what changes something is waited for.
  const end = start.family === true ? ended : Promise.race([ended, enough.promise]);
  return { output: end.then(outputAfter), ended };
}

/** Takes what git writes, and calls `onEnough` once when nothing more is wanted. */
function collect(
  { take, maxBytes, signal }: { take: Command["take"]; maxBytes: number; signal: AbortSignal },
  onEnough: () => void,
): ChildSinks & { result(): Pick<Output, "stdout" | "stderr" | "cut"> } {
  const kept: Buffer[] = [];
  const errors: Buffer[] = [];
  let bytes = 0;
  let errorBytes = 0;
  let cut = false;
  let fault: unknown;
  return {
    stdout(bare) {
      if (cut || fault !== undefined || signal.aborted) return;
      const chunk = Buffer.from(bare.buffer, bare.byteOffset, bare.byteLength);
      bytes += chunk.length;
      try {
        if (take === undefined) kept.push(chunk);
        if (take === undefined ? bytes <= maxBytes : take(chunk)) return;
        cut = true;
      } catch (error) {
        fault = error;
      }
      onEnough();
    },
    stderr(chunk) {
      // Only the beginning is kept.
      if (errorBytes < GIT_ERROR_BYTES_MAX) errors.push(Buffer.from(chunk));
      errorBytes += chunk.length;
    },
    result() {
      if (fault !== undefined) throw fault;
      const stderr = redact(Buffer.concat(errors).toString("utf8", 0, GIT_ERROR_BYTES_MAX));
      return { stdout: Buffer.concat(kept).subarray(0, maxBytes), stderr, cut };
    },
  };
}

function startGit(start: Start, input: Command["input"], sinks: ChildSinks): RunningChild {
  // A group of its own, so that it is ended together with whatever it has started. It costs time, and what
  // only reads starts nothing.
  const detached = start.family === true && process.platform !== "win32";
  try {
    return startChild({ ...start, input, detached }, sinks);
  } catch (error) {
    throw startError(error);
  }
}

/** The ways to end a child and all of its descendants. */
function endingOf(child: RunningChild, family: boolean): { stop(): void; kill(): void; done(): void } {
  let patience: NodeJS.Timeout | undefined;
  const signal = (name: "SIGTERM" | "SIGKILL") => {
    try {
      if (child.pid === undefined) return;
      if (!family) child.kill(name);
      else if (process.platform !== "win32") process.kill(-child.pid, name);
      else {
        const args = ["/pid", String(child.pid), "/t", "/f"];
        spawn("taskkill", args, { stdio: "ignore", windowsHide: true }).once("error", () => child.kill(name));
      }
    } catch {
      // It is gone already.
    }
  };
  const kill = () => signal("SIGKILL");
  return {
    kill,
    // git takes its lock files away when it is asked to end, and cannot when it is killed.
    stop() {
      if (patience !== undefined) return;
      signal("SIGTERM");
      patience = setTimeout(kill, GIT_KILL_MS);
    },
    done() {
      clearTimeout(patience);
      // What it has left running would hold on to files, and run on without anybody knowing.
      if (patience !== undefined) kill();
    },
  };
}

function startError(error: unknown): ToolError {
  const code = errorCode(error) ?? String(error);
  return code === "E2BIG"
    ? new ToolError("Cannot start git: the call names too much at once", "Name fewer paths in one call.")
    : new ToolError(`Cannot start git: the system says ${code}`, "Try again in a moment.");
}

function tooSlow(args: readonly string[], timeoutMs: number): ToolError {
  const name = args.find((arg) => !arg.startsWith("-")) ?? "";
  return new ToolError(
    `git ${name} was stopped: it took longer than ${timeoutMs / 1000} seconds`,
    "Ask for less in one call: name paths, a shorter range or a smaller limit.",
  );
}
