import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCache } from "../../lib/documents/cache.ts";
import { createDocuments } from "../../lib/documents/documents.ts";
import type { Source } from "../../lib/documents/types.ts";
import { ToolError } from "../../lib/errors.ts";
import { DOCUMENT_BYTES_MAX } from "../../lib/limits.ts";
import { readAt } from "../../lib/lines.ts";
import { RemoteError } from "../../lib/worker/channel.ts";
import { WorkerEndedError } from "../../lib/worker/child.ts";
import { createWorkers, type Job, type Pool } from "../../lib/worker/pool.ts";
import { docx, paragraph } from "../rig/office.ts";
import { SILENT } from "../support.ts";

const WATCH = { signal: new AbortController().signal, progress: () => {} };
const FACTS = { format: "docx", unit: "section", properties: {}, lines: 1, parts: [], warnings: [] };
const KEY = "0".repeat(64);

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "clawhammer-test-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A pool whose jobs do this. */
function poolOf(run: (job: Job, method: string) => Promise<unknown>): Pool {
  return {
    run: async (method, _value, job = {}) => ({ value: await run(job, method), bytes: [] }),
    retire: () => {},
  };
}

async function textOf(source: Source, pool: Pool, folder: string): Promise<string> {
  const reader = createDocuments({ pool, cacheFolder: folder, log: SILENT });
  return await reader.withMarkdown(source, undefined, WATCH, async ({ file }) => {
    return (await readAt(file, Buffer.alloc(file.info.size), 0)).toString("utf8");
  });
}

const WORD: Source = { bytes: Buffer.from("PK\x03\x04word/"), name: "letter.docx" };

test("documents are read once: the same bytes come from the cache", async () => {
  await withFolder(async (folder) => {
    let runs = 0;
    const pool = poolOf(async (job) => {
      runs++;
      const bytes = [Buffer.from("Text\n")];
      await job.serve?.("markdown", null, {
        bytes,
        signal: WATCH.signal,
        note() {},
        ask: () => assert.fail(),
      });
      return FACTS;
    });
    assert.equal(await textOf(WORD, pool, folder), "Text\n");
    assert.equal(await textOf(WORD, pool, folder), "Text\n");
    assert.equal(runs, 1);
    assert.equal(await textOf({ ...WORD, bytes: Buffer.from("PK\x03\x04word/2") }, pool, folder), "Text\n");
    assert.equal(runs, 2);
    // What is damaged there is read anew.
    for (const name of await readdir(folder)) await truncate(join(folder, name), 10);
    assert.equal(await textOf(WORD, pool, folder), "Text\n");
    assert.equal(runs, 3);
  });
});

test("documents are read although nothing can be kept", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "file"), "");
    const workers = createWorkers(SILENT);
    try {
      const pool = workers.pool({
        kind: "document",
        label: "The reader",
        env: {},
        memoryBytesMax: 1e9,
        atOnceMax: 1,
        idleMax: 0,
        idleMs: 0,
      });
      const source = { bytes: docx(paragraph("Kept nowhere")), name: "a.docx" };
      assert.equal(
        await textOf(source, pool, join(folder, "file", "cache")),
        "Kept nowhere\n\n[^2]: A note.\n",
      );
    } finally {
      workers.end();
    }
  });
});

test("documents that end their reader, or take too long, are refused with what to do", async () => {
  await withFolder(async (folder) => {
    const failing = async (error: Error): Promise<string> => {
      const pool = poolOf(() => Promise.reject(error));
      try {
        await textOf(WORD, pool, folder);
      } catch (refused) {
        assert.ok(refused instanceof ToolError);
        return `${refused.message}\n${refused.next}`;
      }
      return assert.fail("it was read");
    };
    const ended = (ending: ConstructorParameters<typeof WorkerEndedError>[1]) =>
      failing(new WorkerEndedError("The reader", ending, ""));
    assert.match(
      await ended({ why: "memory", bytes: 2e9 }),
      /^Cannot read "letter\.docx": reading it took more than 1\.1 GB of memory\nIf it is not/,
    );
    assert.match(await ended({ why: "signal", signal: "SIGSEGV" }), /it makes the reader crash/);
    assert.match(await failing(new ToolError("was stopped", "")), /reading it took longer than 36 seconds/);
    assert.match(
      await failing(new RemoteError("boom", "TypeError", "")),
      /the reader fails at its contents \(boom\)/,
    );
  });
});

test("documents beyond the limit are refused before they are read", async () => {
  await withFolder(async (folder) => {
    const size = DOCUMENT_BYTES_MAX + 1;
    const pool = poolOf(() => assert.fail("a reader was started"));
    const file = {
      path: "/big.pdf",
      real: "/big.pdf",
      info: { kind: "file", size, identity: "1", mode: 0, links: 1 },
      read: () => Promise.resolve(0),
    } as unknown as Extract<Source, { file: unknown }>["file"]; // Times are not looked at.
    await assert.rejects(
      textOf({ file }, pool, folder),
      /"\/big\.pdf": it has 210 MB, and documents of up to 210 MB/,
    );
  });
});

test("the cache forgets what is old, and keeps strangers out", async () => {
  await withFolder(async (folder) => {
    const cache = createCache(join(folder, "documents"), SILENT);
    await cache.put(KEY, Buffer.from("# Old\n"), FACTS);
    const kept = await cache.open(KEY);
    assert.equal(kept?.size, 6);
    assert.deepEqual(kept?.facts, FACTS);
    await kept?.close();
    const long = new Date(Date.now() - 8 * 86_400_000);
    await utimes(join(folder, "documents", `${KEY}.md`), long, long);
    await cache.put("1".repeat(64), Buffer.from("# New\n"), FACTS);
    assert.equal(await cache.open(KEY), undefined);
    assert.deepEqual(await readdir(join(folder, "documents")), [`${"1".repeat(64)}.md`]);
    await writeFile(join(folder, "documents", `${KEY}.md`), "no such file of ours");
    assert.equal(await cache.open(KEY), undefined);
  });
});
