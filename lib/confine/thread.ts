/**
 * The thread that confines itself and then runs one program: the only file besides main.ts that is a program
 * of its own. A confined thread must do nothing else, because a thread that it made the runtime start, for
 * everybody, would be confined, too.
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { isMainThread, type MessagePort, parentPort, workerData } from "node:worker_threads";
import { errorCode, errorText } from "../errors.ts";
import { confineThread, O_PATH } from "./landlock.ts";
import type { Order, Word } from "./types.ts";

async function run({ program, args, folder }: Order, port: MessagePort): Promise<void> {
  const say = (word: Word) => port.postMessage(word);
  let descriptor: number;
  try {
    // Once confined, the descriptors of this process can be asked by itself alone, so this one is its own.
    descriptor = openSync(folder, O_PATH);
    await confineThread({ folder: `/proc/self/fd/${descriptor}`, program });
  } catch (error) {
    return say({ kind: "unconfined", why: errorText(error) });
  }
  // The child enters the folder while it still has the descriptor. Its environment is empty: nothing of ours,
  // or of a configuration file that it names, reaches it.
  const cwd = `/proc/self/fd/${descriptor}`;
  const child = spawn(program, args, { cwd, env: {}, stdio: ["ignore", "pipe", "pipe"] });
  closeSync(descriptor);
  child.once("error", (error) => say({ kind: "failed", why: errorText(error), code: errorCode(error) }));
  child.once("close", (status, killedBy) => say({ kind: "ended", status, killedBy }));
  child.stdout.on("data", (bytes: Uint8Array) => say({ kind: "output", bytes }));
  child.stderr.on("data", (bytes: Uint8Array) => say({ kind: "errors", bytes }));
  if (child.pid !== undefined) say({ kind: "started", pid: child.pid });
}

if (!isMainThread && parentPort !== null) await run(workerData, parentPort);
