/**
 * One worker process: this executable once more, with a channel to it, watched and ended with its tree.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { dirname } from "node:path";
import process from "node:process";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { errorText, ToolError } from "../errors.ts";
import { sizeText } from "../format.ts";
import { WORKER_FRAME_BYTES_MAX, WORKER_OUTPUT_CHARS } from "../limits.ts";
import { selfProgram } from "../runtime.ts";
import type { Log } from "../tool.ts";
import { Channel, GarbledError, type Parcel, type Request } from "./channel.ts";
import { type Keeper, MARK } from "./tree.ts";

/** What a worker is started with. */
export interface WorkerOptions {
  /** What it does: a name of lib/worker/kinds.ts. */
  readonly kind: string;
  /** What messages call it, as the subject of a sentence: `The reader of documents`. */
  readonly label: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Bytes of memory (resident) above which it is ended. */
  readonly memoryBytesMax: number;
  /** Bytes of one message that is accepted from it; WORKER_FRAME_BYTES_MAX unless given. */
  readonly frameBytesMax?: number;
  /** Permissions under Deno, as its flags; none unless given. */
  readonly permissions?: readonly string[];
  /** The program when run from source, for tests: see `selfProgram`. */
  readonly entry?: string;
  readonly log: Log;
}

/** Why a worker is no more. */
export type Ending =
  | { readonly why: "exit"; readonly code: number }
  | { readonly why: "signal"; readonly signal: string }
  | { readonly why: "memory"; readonly bytes: number }
  | { readonly why: "start" | "protocol"; readonly detail: string }
  | { readonly why: "time" | "cancelled" | "idle" | "shutdown" };

/** A request was not answered because the worker ended. */
export class WorkerEndedError extends ToolError {
  readonly ending: Ending;

  constructor(label: string, ending: Ending, output: string) {
    const last = output === "" ? "" : `. The last it printed: ${JSON.stringify(output)}`;
    super(
      `${label} ended before it answered: ${describeEnding(ending)}${last}`,
      "Nothing else is affected, and the next call starts anew. Ask for less if it happens again.",
    );
    this.ending = ending;
  }
}

/** A worker process. */
export interface Worker {
  readonly pid: number;
  /** The mark of its process tree. */
  readonly mark: string;
  readonly options: WorkerOptions;
  /** Why it is no more; undefined while it lives. */
  readonly ending: Ending | undefined;
  /** Resolves when it is gone and its tree is killed. */
  readonly ended: Promise<Ending>;
  /**
   * Asks it for something; several requests may be under way.
   * @throws {WorkerEndedError} when it ends before it answers; what it threw otherwise.
   */
  request(method: string, value: unknown, request?: Request): Promise<Required<Parcel>>;
  /** Ends it at once, with everything it started. */
  end(ending: Ending): void;
}

/** What a worker ended for, as the end of a sentence. */
export function describeEnding(ending: Ending): string {
  switch (ending.why) {
    case "exit":
      return `it exited with code ${ending.code}`;
    case "signal":
      return `the system ended it with ${ending.signal}`;
    case "memory":
      return `it used ${sizeText(ending.bytes)} of memory, more than it may`;
    case "start":
      return `it could not be started (${ending.detail})`;
    case "protocol":
      return `its channel broke (${ending.detail})`;
    case "time":
      return "it took too long";
    case "cancelled":
      return "the call was cancelled and it did not stop by itself";
    case "idle":
      return "it was not used any more";
    case "shutdown":
      return "the server ends";
  }
}

/** Starts a worker. Nothing is thrown: one that cannot be started has ended. */
export function startWorker(options: WorkerOptions, keeper: Keeper, number: number): Worker {
  const mark = `${keeper.mark}-${number}`;
  const state: { ending?: Ending; output: string; requests: number } = { output: "", requests: 0 };
  const gone = Promise.withResolvers<Ending>();
  let child: ChildProcess | undefined;
  const end = (ending: Ending) => {
    if (state.ending !== undefined) return;
    state.ending = ending;
    const { pid } = child ?? {};
    // At the end of the process all are killed together.
    const killed = pid === undefined || ending.why === "shutdown" ? undefined : keeper.end(pid, mark);
    void Promise.resolve(killed).then(async () => {
      // What it printed last may still be on its way.
      await sleep(5);
      for (const stream of child?.stdio ?? []) stream?.destroy();
      gone.resolve(ending);
    });
  };
  let channel: Channel | undefined;
  try {
    child = spawnChild(options, mark);
    child.on("error", (error) => end({ why: "start", detail: errorText(error) }));
    channel = openChannel(child, options);
    if (child.pid !== undefined) keeper.watch(child.pid);
    listen(child, channel, end, (chunk) => {
      state.output = (state.output + chunk).slice(-WORKER_OUTPUT_CHARS);
      options.log.debug(() => `${options.label} printed: ${readable(chunk)}`);
    });
  } catch (error) {
    // What kept a process from starting is told a moment later than its pipes are missed, and says more.
    setTimeout(() => end({ why: "start", detail: errorText(error) }), 10);
  }
  return {
    pid: child?.pid ?? 0,
    mark,
    options,
    get ending() {
      return state.ending;
    },
    ended: gone.promise,
    async request(method, value, request) {
      const open = channel;
      if (open === undefined || state.ending !== undefined) throw await failure();
      hold(child, ++state.requests);
      try {
        return await open.request(method, value, request);
      } catch (error) {
        // An error of the channel itself means that the worker is gone; the reason is known in a moment.
        throw error === await settled(open.closed) ? await failure() : error;
      } finally {
        hold(child, --state.requests);
      }
    },
    end(ending) {
      end(ending);
      channel?.close(describeEnding(ending));
    },
  };

  async function failure(): Promise<WorkerEndedError> {
    return new WorkerEndedError(options.label, await gone.promise, readable(state.output).slice(-300));
  }
}

/** Notices how it ends, and what it prints. */
function listen(
  child: ChildProcess,
  channel: Channel,
  end: (ending: Ending) => void,
  keep: (chunk: string) => void,
): void {
  child.on("exit", (code, signal) => {
    end(signal === null ? { why: "exit", code: code ?? 0 } : { why: "signal", signal });
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => keep(String(chunk)));
  void channel.closed.then((error) => {
    const broken = () => end({ why: "protocol", detail: error.message });
    // An exit is told a moment after the pipe has closed, and is the better reason.
    if (error instanceof GarbledError) broken();
    else setTimeout(broken, 100);
  });
}

/** The value of a promise that is fulfilled by now. */
async function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  return await Promise.race([promise, Promise.resolve(undefined)]);
}

function spawnChild(options: WorkerOptions, mark: string): ChildProcess {
  const program = selfProgram(options.permissions ?? [], options.entry);
  return spawn(program.command, [...program.args, "worker", options.kind], {
    // A folder that is there, holds nothing that configures a runtime, and is nobody's project.
    cwd: dirname(program.command),
    env: { ...options.env, [MARK]: mark },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A session and a group of its own, so that the whole tree can be killed. Windows has no such thing.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

function openChannel(
  child: ChildProcess,
  { frameBytesMax = WORKER_FRAME_BYTES_MAX }: WorkerOptions,
): Channel {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Duplex)) throw new Error("the system gave no pipe to it");
  for (const one of [child, child.stdout, child.stderr]) keepAlive(one, false);
  hold(child, 0);
  return new Channel(pipe, () => undefined, frameBytesMax);
}

/** A worker keeps this process alive while it has something to answer, and no longer. */
function hold(child: ChildProcess | undefined, requests: number): void {
  if (requests <= 1) keepAlive(child?.stdio[3], requests === 1);
}

function keepAlive(one: unknown, alive: boolean): void {
  const handle = one as { ref?(): void; unref?(): void } | null | undefined; // Streams of pipes have both.
  if (alive) handle?.ref?.();
  else handle?.unref?.();
}

/** Printed text in one line, without what moves a cursor. */
function readable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is removed
  return text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replace(/[\x00-\x1f\x7f]+/g, " ").trim();
}
