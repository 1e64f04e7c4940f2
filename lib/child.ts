/**
 * Child processes whose output is taken in pieces while they run.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import process from "node:process";
import { spawnNatively } from "./runtime.ts";

/** What is started, without a shell. */
export interface ChildStart {
  /** The absolute path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** What it reads from standard input; nothing unless given. */
  readonly input?: string | Uint8Array;
  /** Whether it gets a group of processes of its own. */
  readonly detached: boolean;
}

/** Takes what it writes. */
export interface ChildSinks {
  readonly stdout: (chunk: Uint8Array) => void;
  readonly stderr: (chunk: Uint8Array) => void;
}

/** How it ended: by itself with a status, or by a signal. */
export interface ChildEnd {
  readonly status: number | null;
  readonly killedBy: string | null;
}

/** A child process that was started. */
export interface RunningChild {
  /** Undefined when it could not be started, which {@link RunningChild.ended} tells. */
  readonly pid: number | undefined;
  /** Fulfilled when it has ended and all of its output was taken. Rejected when it could not be started. */
  readonly ended: Promise<ChildEnd>;
  /** Sends a signal. @throws what the system says when it is gone already, if that is not known yet. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts a program.
 * @throws what the system says when it cannot be started, if that is known at once.
 */
export function startChild(start: ChildStart, sinks: ChildSinks): RunningChild {
  return startNatively(start, sinks) ?? startByNode(start, sinks);
}

function startNatively(start: ChildStart, sinks: ChildSinks): RunningChild | undefined {
  const { program, args, cwd, env, input, detached } = start;
  const child = spawnNatively([program, ...args], {
    cwd,
    env,
    stdin: typeof input === "string" ? Buffer.from(input) : input ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached,
    windowsHide: true,
  });
  if (child === undefined) return undefined;
  const parts = [drain(child.stdout, sinks.stdout), drain(child.stderr, sinks.stderr), child.exited];
  return {
    pid: child.pid,
    ended: Promise.all(parts).then(() => ({ status: child.exitCode, killedBy: child.signalCode })),
    kill: (signal) => child.kill(signal),
  };
}

async function drain(stream: AsyncIterable<Uint8Array>, sink: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of stream) sink(chunk);
}

function startByNode(start: ChildStart, sinks: ChildSinks): RunningChild {
  const { program, args, cwd, env, input, detached } = start;
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached,
    windowsHide: true,
  });
  child.stdout?.on("data", (chunk: Buffer) => sinks.stdout(chunk));
  child.stderr?.on("data", (chunk: Buffer) => sinks.stderr(chunk));
  // A program that ends before it has read everything says why by its status.
  child.stdin?.on("error", () => {});
  if (input !== undefined) child.stdin?.end(input);
  const ended = new Promise<ChildEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, killedBy) => resolve({ status, killedBy }));
  });
  const { pid } = child;
  const kill = (signal: NodeJS.Signals) => {
    // Its own `kill` sends only the first signal under Deno.
    if (pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(pid, signal);
  };
  return { pid, ended, kill };
}
