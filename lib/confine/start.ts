/**
 * Starting a program that can list and read one folder and nothing else, whatever is swapped for links while
 * it runs. The system sees to that (`landlock.ts`), so it takes Linux, and Bun to call the system.
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { threadUrl } from "../runtime.ts";
import type { Order, Word } from "./types.ts";

/** Milliseconds between two looks at how much a program works. */
const LOOK_MS = 250;
/** Of 100 ticks that one processor has a second: with fewer in {@link LOOK_MS}, a program is waiting. */
const IDLE_TICKS = 6;

/** Takes what a program prints. */
export interface Sinks {
  output(bytes: Uint8Array): void;
  errors(bytes: Uint8Array): void;
}

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly killedBy: string | null;
}

/** A program that runs. */
export interface Child {
  /** Ends it at once; nothing happens when it has ended. */
  kill(): void;
  /** @throws {Error} with the system's code when it could not be started. */
  readonly ended: Promise<Ended>;
  /** Writing its input, where it has one; fails when that cannot be read. */
  readonly fed?: Promise<void>;
}

/** The system did not confine the thread, so nothing was started. */
export class UnconfinedError extends Error {}

/**
 * Starts a program in a thread of its own that is confined first. Threads are confined for good, so each
 * serves once.
 * @param onIdle Told once, when the program has been waiting instead of working for {@link LOOK_MS}.
 */
export function startConfined(order: Order, sinks: Sinks, onIdle?: () => void): Child {
  const thread = new Worker(threadUrl("lib/confine/thread.ts"), { workerData: order });
  let pid: number | undefined;
  let isKilled = false;
  let stopWatching = () => {};
  const kill = () => {
    isKilled = true;
    if (pid === undefined) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  };
  const ended = new Promise<Ended>((resolve, reject) => {
    const hear = (word: Word) => {
      switch (word.kind) {
        case "started":
          pid = word.pid;
          if (isKilled) kill();
          else if (onIdle !== undefined) stopWatching = watch(pid, onIdle);
          return;
        case "output":
          return sinks.output(word.bytes);
        case "errors":
          return sinks.errors(word.bytes);
        case "ended":
          return resolve(word);
        case "failed":
          return reject(Object.assign(new Error(word.why), { code: word.code }));
        case "unconfined":
          return reject(new UnconfinedError(word.why));
      }
    };
    thread.on("message", hear);
    thread.once("error", (error) => reject(new UnconfinedError(String(error))));
    thread.once("exit", () => reject(new UnconfinedError("the thread ended")));
  }).finally(() => {
    // The number may soon belong to another program.
    pid = undefined;
    stopWatching();
    void thread.terminate();
  });
  return { kill, ended };
}

/** Tells once when a program is waiting. @returns what ends the watch. */
function watch(pid: number, onIdle: () => void): () => void {
  let before = ticksOf(pid);
  const timer = setInterval(() => {
    const now = ticksOf(pid);
    if (before === undefined || now === undefined) return clearInterval(timer);
    if (now - before < IDLE_TICKS) {
      clearInterval(timer);
      onIdle();
    }
    before = now;
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** Processor time that a program has used: utime and stime of proc_pid_stat(5). */
function ticksOf(pid: number): number | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return undefined;
  }
}
