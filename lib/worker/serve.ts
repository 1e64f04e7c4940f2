/**
 * The worker's side: answers what the server asks, until the pipe between them closes.
 * @module
 */
import { fstatSync } from "node:fs";
import process from "node:process";
import { ToolError } from "../errors.ts";
import { WORKER_FRAME_BYTES_MAX, WORKER_MEMORY_CHECK_MS } from "../limits.ts";
import { openInheritedPipe } from "../runtime.ts";
import { Channel, type Handler } from "./channel.ts";

/** What a kind of worker answers, by method. */
export type Handlers = Readonly<Record<string, Handler>>;

/** Makes the handlers of a kind. Called once in a process, before its first request. */
export type Kind = () => Promise<Handlers> | Handlers;

/** The descriptor of the pipe to the server; see the list of pipes in child.ts. */
const PIPE = 3;

/** Whether there is a pipe to a server at all: a person may try the hidden command. */
export function isStartedByServer(): boolean {
  if (process.platform === "win32") return true;
  try {
    return fstatSync(PIPE).isSocket();
  } catch {
    return false;
  }
}

/**
 * Serves until the server is gone or does not want this worker any more.
 * @returns the exit code of the process.
 */
export async function serveWorker(makeHandlers: Kind): Promise<number> {
  let handlers: Promise<Handlers> | undefined;
  let late: string[] = [];
  const own: Handlers = {
    // Asked before each use: shows that the process listens, and tells what was thrown after an answer.
    ping: () => {
      const value = late;
      late = [];
      return { value };
    },
    limit: (value) => {
      limitMemory(Number(value));
      return { value: null };
    },
  };
  const handle = (method: string): Handler => async (value, incoming) => {
    const handler = own[method] ?? (await (handlers ??= Promise.resolve(makeHandlers())))[method];
    if (handler === undefined) throw new ToolError(`No worker does "${method}"`, "This is a defect.");
    return await handler(value, incoming);
  };
  const onLate = (error: unknown) => {
    late = [...late, String(error instanceof Error ? error.stack ?? error.message : error)].slice(-10);
  };
  process.on("uncaughtException", onLate);
  process.on("unhandledRejection", onLate);
  const channel = new Channel(await openInheritedPipe(PIPE), handle, WORKER_FRAME_BYTES_MAX);
  await channel.closed;
  return 0;
}

/** Ends this process when it uses too much memory, where the server cannot see that from outside. */
function limitMemory(bytes: number): void {
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() > bytes) process.kill(process.pid, "SIGKILL");
  }, WORKER_MEMORY_CHECK_MS);
  timer.unref();
}
