import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { LOG_FILES_KEPT, LOG_MESSAGE_CHARS_MAX, STDERR_BYTES_MAX } from "../../lib/limits.ts";
import { createLog, logPath } from "../../lib/log.ts";
import { runtimeName } from "../../lib/runtime.ts";

const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warn|error) \d+ (.*)$/;

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), "clawhammer-log-"));
  try {
    await work(join(base, "logs", "deep"));
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** The messages of a log file. Fails when a line is not of the format. */
async function messagesIn(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  assert.equal(lines.pop(), "");
  return lines.map((line) => {
    const message = LINE.exec(line)?.[2];
    assert.ok(message !== undefined, `not a line of the log: ${line}`);
    return message;
  });
}

/** Starts the runtime we run under on a piece of code that uses the log. */
function startScript(code: string) {
  const log = new URL("../../lib/log.ts", import.meta.url).href;
  const source = `const { createLog } = await import(${JSON.stringify(log)});\n${code}`;
  const args = runtimeName().startsWith("Deno") ? ["eval", "--no-check", "--ext=ts", source] : ["-e", source];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
}

test("createLog creates nothing before the first message, and nothing for a dropped one", async () => {
  await withFolder(async (folder) => {
    const log = createLog({ waitMs: 0, folder, level: "warn", stderr: () => {} });
    log.debug("no");
    log.info("no");
    assert.equal(existsSync(folder), false);
    log.warn("yes");
    assert.deepEqual(await messagesIn(logPath(folder)), ["yes"]);
  });
});

test("createLog writes from the given level on, and repeats warnings and errors on stderr", async () => {
  await withFolder(async (folder) => {
    const stderr: string[] = [];
    const log = createLog({ waitMs: 0, folder, level: "info", stderr: (line) => stderr.push(line) });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    assert.deepEqual(await messagesIn(logPath(folder)), ["b", "c", "d"]);
    assert.deepEqual(stderr.map((line) => LINE.exec(line.trimEnd())?.[2]), ["c", "d"]);
  });
});

test("createLog keeps the file to its owner", async () => {
  if (process.platform === "win32") return;
  await withFolder(async (folder) => {
    createLog({ waitMs: 0, folder, level: "info" }).info("x");
    assert.equal((await stat(logPath(folder))).mode & 0o077, 0);
    assert.equal((await stat(folder)).mode & 0o077, 0);
  });
});

test("createLog escapes what could forge a line or deceive a reader", async () => {
  await withFolder(async (folder) => {
    const log = createLog({ waitMs: 0, folder, level: "info" });
    log.info(
      "a\n2026-01-01T00:00:00.000Z error 1 forged\r\tb\u2028c\u0085d\u001b[31me\u202ef\u{e0041}g\ud800",
    );
    const [message] = await messagesIn(logPath(folder));
    assert.equal(
      message,
      "a\\n2026-01-01T00:00:00.000Z error 1 forged" +
        "\\r\\tb\\u{2028}c\\u{85}d\\u{1b}[31me\\u{202e}f\\u{e0041}g\ufffd",
    );
  });
});

test("createLog redacts secrets before they reach the file or standard error", async () => {
  await withFolder(async (folder) => {
    const stderr: string[] = [];
    const log = createLog({ waitMs: 0, folder, level: "debug", stderr: (line) => stderr.push(line) });
    log.debug(() => 'call {"token":"abc"}');
    log.error("GET https://ada:hunter2@example.org failed");
    assert.deepEqual(await messagesIn(logPath(folder)), [
      'call {"token":"[redacted]"}',
      "GET https://[redacted]@example.org failed",
    ]);
    assert.doesNotMatch(stderr.join(""), /hunter2/);
  });
});

test("createLog cuts a long message and says how long it was", async () => {
  await withFolder(async (folder) => {
    createLog({ waitMs: 0, folder, level: "info" }).info("x".repeat(LOG_MESSAGE_CHARS_MAX + 1));
    const [message = ""] = await messagesIn(logPath(folder));
    assert.equal(
      message,
      `${"x".repeat(LOG_MESSAGE_CHARS_MAX)} [cut: ${LOG_MESSAGE_CHARS_MAX + 1} characters]`,
    );
  });
});

test("createLog rotates by size and keeps a fixed number of old files, no line lost in between", async () => {
  await withFolder(async (folder) => {
    const log = createLog({ waitMs: 0, folder, level: "info", bytesMax: 4_000 });
    for (let i = 0; i < 1_000; i++) log.info(`message ${i} ${"x".repeat(50)}`);
    const names = (await readdir(folder)).sort();
    assert.deepEqual(names, ["clawhammer.1.log", "clawhammer.2.log", "clawhammer.3.log", "clawhammer.log"]);
    const kept: string[] = [];
    for (let age = LOG_FILES_KEPT; age >= 0; age--) {
      assert.ok((await stat(logPath(folder, age))).size < 5_000);
      kept.push(...await messagesIn(logPath(folder, age)));
    }
    const numbers = kept.map((message) => Number(message.split(" ")[1]));
    assert.deepEqual(numbers, numbers.map((_, i) => 1_000 - numbers.length + i));
  });
});

test("createLog takes over a rotation that a dead process left, and waits for a living one", async () => {
  await withFolder(async (folder) => {
    await mkdir(folder, { recursive: true });
    await writeFile(logPath(folder), `${"x".repeat(200)}\n`);
    const lock = `${logPath(folder)}.lock`;
    await mkdir(lock);
    createLog({ waitMs: 0, folder, level: "info", bytesMax: 100 }).info("still one file");
    assert.equal(existsSync(logPath(folder, 1)), false);
    await utimes(lock, new Date(0), new Date(0));
    createLog({ waitMs: 0, folder, level: "info", bytesMax: 100 }).info("rotated");
    assert.deepEqual(await messagesIn(logPath(folder)), ["rotated"]);
    assert.equal(existsSync(lock), false);
  });
});

test("createLog from several processes at once loses and mixes no line, also while they rotate", async () => {
  await withFolder(async (folder) => {
    const options = JSON.stringify({ folder, level: "info", bytesMax: 40_000 });
    const children = ["a", "b", "c"].map((name) =>
      startScript(`const log = createLog(${options});
        for (let i = 0; i < 500; i++) log.info("${name} " + i + " ${"x".repeat(40)}");`)
    );
    await Promise.all(children.map(async (child) => {
      const [[code], errors] = await Promise.all([once(child, "close"), text(child.stderr)]);
      assert.equal(code, 0, errors);
    }));
    assert.equal(existsSync(logPath(folder, 1)), true);
    const seen = new Set<string>();
    for (let age = 0; age <= LOG_FILES_KEPT; age++) {
      if (!existsSync(logPath(folder, age))) continue;
      for (const message of await messagesIn(logPath(folder, age))) seen.add(message);
    }
    assert.equal(seen.size, 3 * 500);
  });
});

test("createLog never throws: no folder, a file in its place, a folder removed meanwhile", async () => {
  const stderr: string[] = [];
  createLog({ waitMs: 0, folder: undefined, level: "info", stderr: (line) => stderr.push(line) }).warn(
    "only here",
  );
  assert.equal(stderr.length, 1);
  await withFolder(async (folder) => {
    await mkdir(join(folder, ".."), { recursive: true });
    await writeFile(folder, "in the way");
    createLog({ waitMs: 0, folder, level: "info", stderr: (line) => stderr.push(line) }).error("still told");
    assert.equal(stderr.length, 2);
    await rm(folder);
    const log = createLog({ waitMs: 0, folder, level: "info", bytesMax: 1 });
    log.info("one");
    await rm(folder, { recursive: true });
    log.info("two");
    assert.deepEqual(await messagesIn(logPath(folder)), ["two"]);
  });
});

test("createLog writes at most STDERR_BYTES_MAX to stderr, for an unread pipe, none to stdout", async () => {
  const child = startScript(`const log = createLog({ waitMs: 0, folder: undefined, level: "info" });
    for (let i = 0; i < 5000; i++) log.error("x".repeat(100));`);
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  assert.equal(code, 0);
  assert.equal(out, "");
  assert.ok(
    errors.length > STDERR_BYTES_MAX / 2 && errors.length < STDERR_BYTES_MAX + 1_000,
    String(errors.length),
  );
  assert.match(errors, /no more messages here/);
});

test("createLog lets lines wait for company, but no warning, and writes them at the end", async () => {
  await withFolder(async (folder) => {
    const log = createLog({ folder, level: "info", stderr: () => {} });
    log.info("one");
    log.info("two");
    assert.equal(existsSync(logPath(folder)), false);
    log.warn("three");
    const lines = async () =>
      (await readFile(logPath(folder), "utf8")).trimEnd().split("\n").map((line) => line.split(" ").at(-1));
    assert.deepEqual(await lines(), ["one", "two", "three"]);
    log.info("four");
    process.emit("exit", 0);
    assert.deepEqual(await lines(), ["one", "two", "three", "four"]);
  });
});
