/**
 * A server with two workers that do not end by themselves: one in a busy loop, one with children. It prints
 * their process numbers and is killed by test/lib/worker.test.ts.
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createWorkers } from "../../lib/worker/pool.ts";

const say = () => {};
const pool = createWorkers({ debug: say, info: say, warn: say, error: say }).pool({
  kind: "rig",
  label: "The rig",
  env: {},
  memoryBytesMax: 1e9,
  permissions: ["-A"],
  entry: fileURLToPath(new URL("./worker.ts", import.meta.url)),
  atOnceMax: 4,
  idleMax: 1,
  idleMs: 60_000,
});
const onNote = (_name: string, value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
await Promise.all([pool.run("loop", null, { onNote }), pool.run("fork", null, { onNote })]);
