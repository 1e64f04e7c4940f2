/**
 * A worker that does what it is told, good and bad. Started by test/lib/worker.test.ts.
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { ToolError } from "../../lib/errors.ts";
import { type Handlers, serveWorker } from "../../lib/worker/serve.ts";

const HANDLERS: Handlers = {
  echo: (value, { bytes }) => ({ value, bytes }),
  environment: () => ({ value: process.env }),
  refuse: () => {
    throw new ToolError("Cannot do it", "Do something else.");
  },
  fail: () => {
    throw new TypeError("a defect");
  },
  exit: (code) => {
    process.stderr.write("\x1b[31mlast words\x1b[0m\n");
    process.exit(Number(code));
  },
  print: () => {
    process.stdout.write("x".repeat(100_000));
    return { value: "printed" };
  },
  loop: (_value, { note }) => {
    note("looping", process.pid);
    for (;;);
  },
  loopAfterwards: () => {
    setTimeout(() => {
      for (;;);
    }, 5);
    return { value: process.pid };
  },
  throwAfterwards: () => {
    setTimeout(() => {
      throw new Error("too late");
    }, 5);
    return { value: process.pid };
  },
  sleep: async (_value, { signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    return { value: process.pid };
  },
  leak: () => {
    const kept: Uint8Array[] = [];
    for (;;) kept.push(new Uint8Array(4_000_000).fill(1));
  },
  close: () => {
    closeSync(3);
    return { value: "unheard" };
  },
  garble: async () => {
    writeSync(3, "this is no frame at all");
    await sleep(60_000);
    return { value: null };
  },
  flood: async () => {
    writeSync(3, new Uint8Array(8).fill(0xff));
    await sleep(60_000);
    return { value: null };
  },
  // A child in the group, one in a session of its own, and then silence.
  fork: async (_value, { note }) => {
    const near = spawn("/bin/sh", ["-c", "trap '' HUP TERM; sleep 600"], { stdio: "ignore" });
    const far = spawn("/bin/sh", ["-c", "sleep 600 & sleep 600"], { stdio: "ignore", detached: true });
    note("children", [near.pid, far.pid]);
    await sleep(600_000);
    return { value: null };
  },
  talk: async (value, { ask, note }) => {
    note("progress", 1);
    const answer = await ask("double", value, [new Uint8Array([1, 2, 3])]);
    return { value: answer.value, bytes: answer.bytes };
  },
  pid: () => ({ value: process.pid }),
};

process.exit(await serveWorker(() => HANDLERS));
