/**
 * Starting a program that can list and read one folder and nothing else, whatever is swapped for links while
 * it runs. The system sees to that (`landlock.ts`), so it takes Linux, and Bun to call the system.
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { threadUrl } from "../runtime.ts";
import type { Bounds, News, Order, Word } from "./types.ts";

/** Milliseconds for which a thread without a run is kept: it holds a folder, whose disk cannot be ejected. */
const KEPT_MS = 10_000;
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

/** Runs programs in confined threads. */
export interface Confinement {
  /**
   * Starts a program.
   * @param bounds Its folder is where it is started.
   * @param onIdle Told once, when the program has been waiting instead of working for {@link LOOK_MS}.
   */
  start(bounds: Bounds, args: readonly string[], sinks: Sinks, onIdle?: () => void): Child;
}

/**
 * Makes threads as they are needed. One is confined for good, and takes some milliseconds and megabytes; so
 * the last one is kept for a while, for the next run in the same folder.
 */
export function createConfinement(): Confinement {
  let last: { readonly key: string; readonly thread: Thread } | undefined;
  return {
    start(bounds, args, sinks, onIdle) {
      // Which folder this is, whatever leads to it. While a thread holds it, no other can be mistaken for it.
      const { dev, ino } = statSync(bounds.folder, { bigint: true });
      const key = `${dev}:${ino}:${bounds.program}`;
      if (last?.key !== key || last.thread.isGone) {
        last?.thread.retire();
        last = { key, thread: new Thread(bounds) };
      }
      return last.thread.start(args, sinks, onIdle);
    },
  };
}

/** A confined thread, and what runs in it. */
class Thread {
  isGone = false;
  private readonly worker: Worker;
  private readonly runs = new Map<number, (news: News | Error) => void>();
  private readonly confined: Promise<void>;
  private count = 0;
  private isRetired = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(bounds: Bounds) {
    this.worker = new Worker(threadUrl("lib/confine/thread.ts"), { workerData: bounds });
    this.confined = new Promise((resolve, reject) => {
      const end = (why: string) => {
        this.isGone = true;
        const error = new UnconfinedError(why);
        reject(error);
        for (const hear of this.runs.values()) hear(error);
      };
      this.worker.on("message", (word: Word) => {
        if ("run" in word) this.runs.get(word.run)?.(word);
        else if (word.kind === "confined") resolve();
        else end(word.why);
      });
      this.worker.once("error", (error) => end(String(error)));
      this.worker.once("exit", () => end("the thread ended"));
    });
    // Every run hears of it by itself.
    this.confined.catch(() => {});
    // It keeps nothing alive; a run that is waited for does.
    this.worker.unref();
  }

  /** No run is going to be started any more. */
  retire(): void {
    this.isRetired = true;
    this.rest();
  }

  start(args: readonly string[], sinks: Sinks, onIdle?: () => void): Child {
    const run = ++this.count;
    let pid: number | undefined;
    let isKilled = false;
    let stopWatching = () => {};
    const kill = () => {
      isKilled = true;
      if (pid !== undefined) killProcess(pid);
    };
    clearTimeout(this.timer);
    this.worker.ref();
    const ended = new Promise<Ended>((resolve, reject) => {
      this.runs.set(run, (news) => {
        if (news instanceof Error) return reject(news);
        switch (news.kind) {
          case "started":
            pid = news.pid;
            if (isKilled) kill();
            else if (onIdle !== undefined) stopWatching = watch(pid, onIdle);
            return;
          case "output":
            return sinks.output(news.bytes);
          case "errors":
            return sinks.errors(news.bytes);
          case "ended":
            return resolve(news);
          case "failed":
            return reject(Object.assign(new Error(news.why), { code: news.code }));
        }
      });
      const order: Order = { run, args };
      this.confined.then(() => this.worker.postMessage(order), reject);
    }).finally(() => {
      // The number may soon belong to another program.
      pid = undefined;
      stopWatching();
      this.runs.delete(run);
      this.rest();
    });
    return { kill, ended };
  }

  /** Without a run, the thread ends after a while, or at once when there will be none. */
  private rest(): void {
    if (this.runs.size > 0 || this.isGone) return;
    this.worker.unref();
    clearTimeout(this.timer);
    const end = () => {
      this.isGone = true;
      void this.worker.terminate();
    };
    if (this.isRetired) return end();
    this.timer = setTimeout(end, KEPT_MS);
    this.timer.unref();
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
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
