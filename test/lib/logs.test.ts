import { test } from "node:test";
import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, logPath } from "../../lib/log.ts";
import { followLog, isAtLeast, levelOfLine, readLog } from "../../lib/logs.ts";

const DEBUG = { limit: 100, level: "debug" };

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "clawhammer-logs-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function line(message: string, level = "info"): string {
  return `2026-11-22T12:00:00.000Z ${level} 7 ${message}`;
}

test("readLog shows the newest lines, also of rotated files, and says if there are more", async () => {
  await withFolder(async (folder) => {
    await writeFile(logPath(folder, 2), `${line("a")}\n`);
    await writeFile(logPath(folder, 1), `${line("b")}\n${line("c")}\n`);
    await writeFile(logPath(folder), `${line("d")}\n${line("unfini")}`);
    const all = await readLog(folder, DEBUG);
    assert.deepEqual(all.lines, [line("a"), line("b"), line("c"), line("d")]);
    assert.equal(all.more, false);
    const some = await readLog(folder, { limit: 2, level: "debug" });
    assert.deepEqual([some.lines, some.more], [[line("c"), line("d")], true]);
  });
});

test("readLog picks levels, reads what createLog writes, and finds nothing without a log", async () => {
  await withFolder(async (folder) => {
    assert.deepEqual((await readLog(join(folder, "gone"), DEBUG)).lines, []);
    const log = createLog({ folder, level: "debug", waitMs: 0, stderr: () => {} });
    log.debug("one");
    log.info("two");
    log.warn("three");
    log.error("four");
    const shown = (await readLog(folder, { limit: 9, level: "warn" })).lines;
    assert.deepEqual(shown.map((text) => [levelOfLine(text), text.split(" ").at(-1)]), [
      ["warn", "three"],
      ["error", "four"],
    ]);
    assert.equal(isAtLeast("something else stands here", "error"), true);
  });
});

test("followLog yields whole lines as they come, none twice, none lost by a rotation", async () => {
  await withFolder(async (folder) => {
    await writeFile(logPath(folder), `${line("old")}\n`);
    const { position } = await readLog(folder, DEBUG);
    const stop = new AbortController();
    const lines = followLog(folder, position, stop.signal);
    const next = async () => String((await lines.next()).value).split(" ").at(-1);
    await appendFile(logPath(folder), `${line("one")}\n${line("tw")}`);
    assert.equal(await next(), "one");
    await appendFile(logPath(folder), `o\n`);
    assert.equal(await next(), "two");
    await appendFile(logPath(folder), `${line("three")}\n`);
    await rename(logPath(folder), logPath(folder, 1));
    await writeFile(logPath(folder), `${line("four")}\n`);
    assert.deepEqual([await next(), await next()], ["three", "four"]);
    stop.abort();
    assert.equal((await lines.next()).done, true);
  });
});

test("followLog goes on behind a log that was emptied", async () => {
  await withFolder(async (folder) => {
    await writeFile(logPath(folder), "one line that is long\n");
    const { position } = await readLog(folder, { limit: 10, level: "debug" });
    const gone = new AbortController();
    const lines = followLog(folder, position, gone.signal);
    await writeFile(logPath(folder), "new\n");
    assert.equal((await lines.next()).value, "new");
    gone.abort();
    await lines.return();
  });
});

test("followLog waits for a log that does not exist yet", async () => {
  await withFolder(async (folder) => {
    const { position } = await readLog(folder, DEBUG);
    const stop = new AbortController();
    const lines = followLog(folder, position, stop.signal);
    const first = lines.next();
    await writeFile(logPath(folder), `${line("one")}\n`);
    assert.equal((await first).value, line("one"));
    stop.abort();
    await lines.return();
  });
});
