import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CancelledError, ToolError } from "../../lib/errors.ts";
import { Channel, RemoteError } from "../../lib/worker/channel.ts";
import { WorkerEndedError } from "../../lib/worker/child.ts";
import { encodeFrame, FrameReader } from "../../lib/worker/frames.ts";
import { createWorkers, type Pool, type PoolOptions } from "../../lib/worker/pool.ts";
import { sourceTarget } from "../client.ts";
import { SILENT } from "../support.ts";

async function withPool(work: (pool: Pool) => Promise<void>, options: Partial<PoolOptions> = {}) {
  const workers = createWorkers(SILENT);
  try {
    await work(workers.pool({
      kind: "rig",
      label: "The rig",
      env: { GIVEN: "yes" },
      memoryBytesMax: 400e6,
      permissions: ["-A"],
      entry: fileURLToPath(new URL("../rig/worker.ts", import.meta.url)),
      atOnceMax: 4,
      idleMax: 2,
      idleMs: 60_000,
      ...options,
    }));
  } finally {
    workers.end();
  }
}

/** Waits until a process is gone; one that only waits to be collected counts as gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const state = /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))?.[1];
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    if (state === "Z") return;
    await sleep(20);
  }
}

async function ending(work: Promise<unknown>): Promise<WorkerEndedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WorkerEndedError) return error;
    throw error;
  }
  return assert.fail("it was answered");
}

test("frames arrive whole, however the pipe cuts them", () => {
  const sent = [[{ a: "ü" }, [Buffer.from("one"), Buffer.alloc(0)]], ["two", []]] as const;
  const wire = Buffer.concat(sent.flatMap(([message, bytes]) => encodeFrame(message, bytes)));
  for (const step of [1, 3, 7, wire.length]) {
    const reader = new FrameReader(1_000);
    const got = [];
    for (let at = 0; at < wire.length; at += step) got.push(...reader.take(wire.subarray(at, at + step)));
    assert.deepEqual(got.map(({ message }) => message), [{ a: "ü" }, "two"]);
    assert.deepEqual(got[0]?.bytes.map((one) => Buffer.from(one).toString()), ["one", ""]);
  }
});

test("a frame that is too long or lies about its parts is refused before it is read", () => {
  assert.throws(() => new FrameReader(100).take(Buffer.alloc(8, 0xff)), /at most 100/);
  const json = Buffer.from("[null,[9]]");
  const header = Buffer.alloc(8);
  header.writeUInt32LE(json.length, 0);
  assert.throws(() => new FrameReader(100).take(Buffer.concat([header, json])), /do not fit/);
});

test("a worker answers, with byte strings as they are, several requests one after the other", async () => {
  await withPool(async (pool) => {
    const bytes = Buffer.alloc(3_000_000, 7);
    const answer = await pool.run("echo", { a: [1, "ü"] }, { bytes: [bytes, Buffer.alloc(0)] });
    assert.deepEqual(answer.value, { a: [1, "ü"] });
    assert.deepEqual(answer.bytes.map((one) => one.length), [3_000_000, 0]);
    assert.ok(bytes.equals(answer.bytes[0] ?? bytes.subarray(1)));
    const first = await pool.run("pid", null);
    assert.deepEqual(await pool.run("pid", null), first);
  });
});

test("a worker sees only the environment it is given", async () => {
  await withPool(async (pool) => {
    const { value } = await pool.run("environment", null);
    const names = Object.keys(value as object).filter((name) => !/^(DENO_|PATH$)/.test(name));
    assert.deepEqual(names.sort(), ["GIVEN", "WORKER_OF_CLAWHAMMER"]);
  });
});

test("a worker notes and asks in the course of a request", async () => {
  await withPool(async (pool) => {
    const notes: unknown[] = [];
    const answer = await pool.run("talk", 21, {
      onNote: (name, value) => notes.push([name, value]),
      serve: (method, value, { bytes }) => ({ value: [method, Number(value) * 2], bytes }),
    });
    assert.deepEqual(answer.value, ["double", 42]);
    assert.deepEqual([...answer.bytes[0] ?? []], [1, 2, 3]);
    assert.deepEqual(notes, [["progress", 1]]);
  });
});

test("what a worker throws arrives as what it is", async () => {
  await withPool(async (pool) => {
    await assert.rejects(
      pool.run("refuse", null),
      (error) => error instanceof ToolError && error.next === "Do something else.",
    );
    await assert.rejects(
      pool.run("fail", null),
      (error) => error instanceof RemoteError && error.remoteName === "TypeError",
    );
    await assert.rejects(pool.run("nothing", null), /No worker does "nothing"/);
  });
});

test("a worker that exits says how, and what it printed last", async () => {
  await withPool(async (pool) => {
    const error = await ending(pool.run("exit", 3));
    assert.match(error.message, /^The rig ended before it answered: it exited with code 3\. .*"last words"$/);
    assert.deepEqual((await pool.run("echo", 1)).value, 1);
  });
});

test("what a worker prints does not disturb its answers", async () => {
  await withPool(async (pool) => {
    assert.equal((await pool.run("print", null)).value, "printed");
  });
});

test("a worker that writes what is no message is ended", async () => {
  const wire = new FakePipe();
  const channel = new Channel(wire.asDuplex(), () => undefined, 1_000);
  const asked = channel.request("x", null);
  wire.arrive(Buffer.from("this is no frame at all, is it"));
  await assert.rejects(asked, /it sent a message of \d+ bytes, at most 1000/);
  for (const message of [null, 3, { t: "ask" }, { t: "no", id: 1 }, { t: "ask", id: 1, m: 2 }]) {
    const other = new FakePipe();
    const closed = new Channel(other.asDuplex(), () => undefined, 1_000).closed;
    other.arrive(Buffer.concat(encodeFrame(message)));
    assert.match((await closed).message, /unknown form/);
  }
});

test("a busy loop, a deaf sleeper and children are ended when the time is over", async () => {
  await withPool(async (pool) => {
    const pids: number[] = [];
    const onNote = (_name: string, value: unknown) => void pids.push(...[value].flat().map(Number));
    const jobs = ["loop", "fork"].map((method) => pool.run(method, null, { timeoutMs: 1_500, onNote }));
    for (const job of jobs) {
      await assert.rejects(job, /^ToolError: The rig was stopped: it took longer than 1\.5/);
    }
    assert.equal(pids.length, 3);
    for (const pid of pids) await gone(pid);
    assert.equal((await pool.run("echo", 2)).value, 2);
  });
});

test("a cancelled call is over at once, its worker stays when it stops by itself", async () => {
  await withPool(async (pool) => {
    const { value: pid } = await pool.run("pid", null);
    const cancel = new AbortController();
    const sleeping = pool.run("sleep", null, { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 50);
    await assert.rejects(sleeping, CancelledError);
    await sleep(100);
    assert.equal((await pool.run("pid", null)).value, pid);
  }, { atOnceMax: 1 });
});

test("a worker that uses too much memory is ended", async () => {
  await withPool(async (pool) => {
    assert.equal(
      (await ending(pool.run("leak", null))).ending.why,
      process.platform === "linux" ? "memory" : "signal",
    );
  });
});

test("a worker that hangs or threw after its answer is replaced before the next call", async () => {
  await withPool(async (pool) => {
    for (const method of ["loopAfterwards", "throwAfterwards"]) {
      const { value: pid } = await pool.run(method, null);
      await sleep(50);
      const { value: next } = await pool.run("pid", null);
      assert.notEqual(next, pid);
      await gone(Number(pid));
    }
  });
});

test("more calls than workers wait their turn, and a cancelled one leaves the queue", async () => {
  await withPool(async (pool) => {
    const first = pool.run("sleep", null, { timeoutMs: 300 });
    const cancel = new AbortController();
    const second = pool.run("echo", 2, { signal: cancel.signal });
    const third = pool.run("echo", 3);
    cancel.abort();
    await assert.rejects(second, CancelledError);
    await assert.rejects(first, ToolError);
    assert.equal((await third).value, 3);
  }, { atOnceMax: 1 });
});

test("jobs of one key that hang do not take the turn of another key", async () => {
  await withPool(async (pool) => {
    const cancel = new AbortController();
    const hanging = [1, 2, 3].map(() => pool.run("sleep", null, { key: "a", signal: cancel.signal }));
    assert.equal((await pool.run("echo", "b", { key: "b" })).value, "b");
    const states = await Promise.race([...hanging, Promise.resolve("all of them still hang")]);
    assert.equal(states, "all of them still hang");
    cancel.abort();
    await Promise.all(hanging.map((one) => assert.rejects(one, CancelledError)));
  }, { atOnceMax: 2, keyAtOnceMax: 1 });
});

test("workers of a key are prepared once, kept apart, and retired", async () => {
  await withPool(async (pool) => {
    const prepared: string[] = [];
    const job = (key: string) => ({
      key,
      prepare: async () => void await Promise.resolve(prepared.push(key)),
    });
    const pid = async (key: string) => (await pool.run("pid", null, job(key))).value;
    const a = await pid("a");
    const b = await pid("b");
    assert.notEqual(a, b);
    assert.deepEqual([await pid("a"), await pid("b")], [a, b]);
    pool.retire("a");
    assert.notEqual(await pid("a"), a);
    assert.equal(await pid("b"), b);
    assert.deepEqual(prepared, ["a", "b", "a"]);
  });
});

test("idle workers end", async () => {
  await withPool(async (pool) => {
    const { value } = await pool.run("pid", null);
    await gone(Number(value));
  }, { idleMs: 50 });
});

test("no worker and nothing it started survives a server that is killed", async () => {
  const { command, args } = sourceTarget("test/rig/masters.ts");
  const server = spawn(command, [...args], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  server.stdout.on("data", (chunk) => out += String(chunk));
  while (out.split("\n").length < 3) await sleep(20);
  const pids = out.trim().split("\n").flatMap((line) => [JSON.parse(line)].flat());
  assert.equal(pids.length, 3);
  server.kill("SIGKILL");
  for (const pid of pids) await gone(pid);
});

/** A pipe whose other end is the test. */
class FakePipe {
  readonly #listeners = new Map<string, (value: unknown) => void>();

  asDuplex() {
    return this as unknown as ConstructorParameters<typeof Channel>[0];
  }
  on(event: string, listener: (value: unknown) => void) {
    this.#listeners.set(event, listener);
  }
  write() {
    return true;
  }
  destroy() {}
  arrive(bytes: Uint8Array) {
    this.#listeners.get("data")?.(bytes);
  }
}
