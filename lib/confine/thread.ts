/**
 * The thread that confines itself and then runs one program, as often as it is told: the only file besides
 * main.ts that is a program of its own. It must do nothing else, because a thread that it made the runtime
 * start, for everybody, would be confined, too.
 * @module
 */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { isMainThread, type MessagePort, parentPort, workerData } from "node:worker_threads";
import { errorCode, errorText } from "../errors.ts";
import { confineThread, O_PATH } from "./landlock.ts";
import type { Bounds, News, Order, Word } from "./types.ts";

/** A piece of output that is worth waking two threads for; a pipe holds eight of them. */
const PIECE_BYTES = 8 * 1024;
/** Milliseconds in which smaller pieces become one: as long as a program takes to look at some hundred files. */
const PIECE_MS = 3;

/**
 * Sleeps, with the whole thread, which has nothing else to do: a program that prints a line at a time would
 * wake it for each, and take the processor from itself.
 */
function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIECE_MS);
}

async function serve({ program, folder }: Bounds, port: MessagePort): Promise<void> {
  const say = (word: Word) => port.postMessage(word);
  try {
    // Kept open: a child enters the folder by it while it still has it. Once confined, the descriptors of
    // this process cannot be asked by their paths under another number of a process than its own.
    const held = `/proc/self/fd/${openSync(folder, O_PATH)}`;
    await confineThread({ folder: held, program });
    port.on("message", (order: Order) => run(order, program, held, say));
    say({ kind: "confined" });
  } catch (error) {
    say({ kind: "unconfined", why: errorText(error) });
  }
}

function run({ run, args }: Order, program: string, cwd: string, say: (word: Word) => void): void {
  const tell = (news: News) => say({ run, ...news });
  const fail = (error: unknown) => tell({ kind: "failed", why: errorText(error), code: errorCode(error) });
  try {
    // An empty environment: nothing of ours, or of a configuration file that it names, reaches the child.
    const child = spawn(program, args, { cwd, env: {}, stdio: ["ignore", "pipe", "pipe"] });
    child.once("error", fail);
    child.once("close", (status, killedBy) => tell({ kind: "ended", status, killedBy }));
    child.stdout.on("data", (bytes: Uint8Array) => {
      tell({ kind: "output", bytes });
      if (bytes.length < PIECE_BYTES) sleep();
    });
    child.stderr.on("data", (bytes: Uint8Array) => tell({ kind: "errors", bytes }));
    if (child.pid !== undefined) tell({ kind: "started", pid: child.pid });
  } catch (error) {
    fail(error);
  }
}

if (!isMainThread && parentPort !== null) await serve(workerData, parentPort);
