/**
 * Worker processes at work: each does one thing at a time, some wait warm for the next one, and everything is
 * ended with its tree when it is cancelled, takes too long, uses too much memory, or the server ends.
 *
 * ```ts
 * const workers = createWorkers(log);                      // one for the program; lib/app.ts has it
 * const pool = workers.pool({ kind: "document", label: "The reader of documents", env: {}, … });
 * const { value, bytes } = await pool.run("toMarkdown", { name }, { bytes: [file], signal });
 * ```
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { CancelledError, ToolError, untilAborted } from "../errors.ts";
import { WORKER_MEMORY_CHECK_MS, WORKER_PING_MS, WORKER_START_MS_MAX, WORKER_STOP_MS } from "../limits.ts";
import { createGate } from "../gate.ts";
import type { Log } from "../tool.ts";
import type { Parcel, Request } from "./channel.ts";
import { startWorker, type Worker, type WorkerOptions } from "./child.ts";
import { createKeeper, type Keeper } from "./tree.ts";

/** What a pool of workers is made with. */
export interface PoolOptions extends Omit<WorkerOptions, "log"> {
  /** Workers that do something at the same time; more requests wait in the order they came. */
  readonly atOnceMax: number;
  /** The same for jobs of one key, so that one that hangs does not take the turn of all others. */
  readonly keyAtOnceMax?: number;
  /** Workers that stay when they have nothing to do, and for how many milliseconds. */
  readonly idleMax: number;
  readonly idleMs: number;
}

/** One piece of work. */
export interface Job extends Request {
  /** Milliseconds it may take, the start of a worker included; the signal alone decides unless given. */
  readonly timeoutMs?: number;
  /** Only a worker that did this before, or a new one, takes the job. Any worker unless given. */
  readonly key?: string;
  /** Prepares a new worker for all jobs of this key. */
  readonly prepare?: (worker: Worker) => Promise<void>;
  /** Milliseconds its start and that may take; WORKER_START_MS_MAX unless given. */
  readonly prepareMs?: number;
  /** What messages call the worker, when it is another thing than for other jobs. */
  readonly label?: string;
}

/** Workers of one kind. */
export interface Pool {
  /**
   * Has a worker do something. A worker that does not stop within WORKER_STOP_MS when the signal is aborted
   * is killed.
   * @throws {CancelledError}, or the signal's reason when it is a {@link ToolError}, as soon as it is
   * aborted; {WorkerEndedError} when the worker ends before it answers; {ToolError} and {RemoteError} that
   * it threw.
   */
  run(method: string, value: unknown, job?: Job): Promise<Required<Parcel>>;
  /** Ends the workers of this key, or all: those that are busy finish first and are not used again. */
  retire(key?: string): void;
}

/** All workers of a program. */
export interface Workers {
  pool(options: PoolOptions): Pool;
  /** Kills all of them at once. The end of the process does that, too. */
  end(): void;
}

/** What the pools of a program share. */
interface Shared {
  readonly log: Log;
  readonly keeper: Keeper;
  readonly living: Set<Worker>;
  readonly busy: Set<Worker>;
  start(options: WorkerOptions): Worker;
}

/** Makes the workers of a program. Nothing is started before the first job. */
export function createWorkers(log: Log): Workers {
  const keeper = createKeeper();
  const living = new Set<Worker>();
  const busy = new Set<Worker>();
  let number = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let look = 0;
  const end = () => {
    const pids = [...living].flatMap((worker) =>
      worker.pid === 0 || worker.ending !== undefined ? [] : worker.pid
    );
    for (const worker of living) worker.end({ why: "shutdown" });
    keeper.endAll(pids);
    keeper.release();
  };
  const start = (options: WorkerOptions) => {
    if (living.size === 0) process.once("exit", end);
    const worker = startWorker(options, keeper, ++number);
    living.add(worker);
    timer ??= watchMemory(() => look++ % 10 === 0 ? living : busy);
    void worker.ended.then(() => {
      living.delete(worker);
      if (living.size > 0) return;
      clearInterval(timer);
      timer = undefined;
      process.removeListener("exit", end);
      keeper.release();
    });
    if (process.platform !== "linux" && worker.ending === undefined) {
      worker.request("limit", options.memoryBytesMax).catch(() => {});
    }
    return worker;
  };
  const shared: Shared = { log, keeper, living, busy, start };
  return { pool: (options) => createPool({ ...options, log }, options, shared), end };
}

/** Linux tells the resident memory of any process; elsewhere a worker watches itself. */
function watchMemory(whom: () => Iterable<Worker>): ReturnType<typeof setInterval> | undefined {
  if (process.platform !== "linux") return undefined;
  const timer = setInterval(() => {
    for (const worker of whom()) {
      const bytes = residentBytes(worker.pid);
      if (bytes > worker.options.memoryBytesMax) worker.end({ why: "memory", bytes });
    }
  }, WORKER_MEMORY_CHECK_MS);
  timer.unref();
  return timer;
}

/** proc(5), /proc/PID/status: `VmRSS`. 0 when the process is gone or must not be looked at. */
function residentBytes(pid: number): number {
  try {
    const found = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function createPool(options: WorkerOptions, limits: PoolOptions, shared: Shared): Pool {
  const shelf = createShelf(limits, shared.log);
  const queue = createGate(limits.atOnceMax);
  const queues = createQueues(limits.keyAtOnceMax ?? limits.atOnceMax);
  return {
    async run(method, value, job = {}) {
      const stop = new AbortController();
      const cancel = () => {
        stop.abort(job.signal?.reason instanceof ToolError ? job.signal.reason : new CancelledError());
      };
      if (job.signal?.aborted) cancel();
      else job.signal?.addEventListener("abort", cancel, { once: true });
      const timer = job.timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop.abort(tooSlow(options.label, job.timeoutMs)), job.timeoutMs);
      const work = () => useWorker(method, value, { ...job, signal: stop.signal }, options, shelf, shared);
      try {
        const turn = () => queues(job.key ?? "", () => queue(work, stop.signal), stop.signal);
        return await untilAborted(turn, stop.signal);
      } finally {
        clearTimeout(timer);
        job.signal?.removeEventListener("abort", cancel);
      }
    },
    retire: (key) => shelf.retire(key),
  };
}

/** Has an idle worker do a job, or a new one. It goes back to the shelf when it is still of use. */
async function useWorker(
  method: string,
  value: unknown,
  job: Job & { readonly signal: AbortSignal },
  options: WorkerOptions,
  shelf: Shelf,
  { busy, start }: Shared,
): Promise<Required<Parcel>> {
  const { key = "", signal } = job;
  const putBack = shelf.place(key);
  const worker = await shelf.take(key) ?? start({ ...options, label: job.label ?? options.label });
  busy.add(worker);
  const kill = () => worker.end({ why: signal.reason instanceof ToolError ? "time" : "cancelled" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => timer = setTimeout(kill, WORKER_STOP_MS);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  let prepared = false;
  try {
    await shelf.prepare(worker, job);
    prepared = true;
    return await worker.request(method, value, job);
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(timer);
    busy.delete(worker);
    if (prepared) putBack(worker);
    else worker.end({ why: "idle" });
  }
}

/** The workers that have nothing to do. */
interface Shelf {
  /** A worker of this key that still listens. */
  take(key: string): Promise<Worker | undefined>;
  /** Prepares a worker that was not on the shelf before. @throws what the preparation throws. */
  prepare(worker: Worker, job: Job): Promise<void>;
  /** The place of a worker that starts a job now; it is given up when the key is retired meanwhile. */
  place(key: string): (worker: Worker) => void;
  retire(key?: string): void;
}

interface Idle {
  readonly worker: Worker;
  readonly key: string;
  readonly timer: ReturnType<typeof setTimeout>;
}

function createShelf({ idleMax, idleMs }: PoolOptions, log: Log): Shelf {
  const idle: Idle[] = [];
  const prepared = new WeakSet<Worker>();
  // Raised when the workers of a key are not to be used again; "" stands for all keys.
  const ages = new Map<string, number>();
  const age = (key: string) => `${ages.get("") ?? 0}.${ages.get(key) ?? 0}`;
  const drop = (one: Idle) => {
    clearTimeout(one.timer);
    const at = idle.indexOf(one);
    if (at >= 0) idle.splice(at, 1);
  };
  const discard = (one: Idle) => {
    drop(one);
    one.worker.end({ why: "idle" });
  };
  return {
    async take(key) {
      for (;;) {
        const one = idle.findLast((each) => each.key === key);
        if (one === undefined) return undefined;
        drop(one);
        if (one.worker.ending === undefined && await listens(one.worker, log)) return one.worker;
        one.worker.end({ why: "idle" });
      }
    },
    async prepare(worker, job) {
      if (prepared.has(worker)) return;
      const slow = setTimeout(() => worker.end({ why: "time" }), job.prepareMs ?? WORKER_START_MS_MAX);
      try {
        await job.prepare?.(worker);
        prepared.add(worker);
      } finally {
        clearTimeout(slow);
      }
    },
    place(key) {
      const born = age(key);
      return (worker) => {
        if (worker.ending !== undefined) return;
        if (born !== age(key)) return worker.end({ why: "idle" });
        const one: Idle = { worker, key, timer: setTimeout(() => discard(one), idleMs) };
        one.timer.unref();
        idle.push(one);
        void worker.ended.then(() => drop(one));
        // The one that waits longest goes.
        const [oldest] = idle;
        if (idle.length > idleMax && oldest !== undefined) discard(oldest);
      };
    },
    retire(key = "") {
      ages.set(key, (ages.get(key) ?? 0) + 1);
      for (const one of [...idle]) if (key === "" || one.key === key) discard(one);
    },
  };
}

/** Whether a worker that was idle still listens. What it threw since then is logged, and ends it. */
async function listens(worker: Worker, log: Log): Promise<boolean> {
  const kill = setTimeout(() => worker.end({ why: "time" }), WORKER_PING_MS);
  try {
    const { value } = await worker.request("ping", null);
    if (!Array.isArray(value) || value.length === 0) return true;
    log.warn(`${worker.options.label} threw after it had answered: ${String(value[0])}`);
    return false;
  } catch {
    return false;
  } finally {
    clearTimeout(kill);
  }
}

function tooSlow(label: string, ms: number | undefined): ToolError {
  return new ToolError(
    `${label} was stopped: it took longer than ${(ms ?? 0) / 1000} seconds`,
    "Ask for less in one call.",
  );
}

/** A queue for each key, for as long as somebody is in it. */
function createQueues(
  count: number,
): <T>(key: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  const queues = new Map<string, { readonly run: ReturnType<typeof createGate>; users: number }>();
  return async (key, work, signal) => {
    const queue = queues.get(key) ?? { run: createGate(count), users: 0 };
    queues.set(key, queue);
    queue.users++;
    try {
      return await queue.run(work, signal);
    } finally {
      if (--queue.users === 0) queues.delete(key);
    }
  };
}
