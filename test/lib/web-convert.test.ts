/** HTML through a worker process. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { CancelledError, ToolError } from "../../lib/errors.ts";
import { createConvert } from "../../lib/web/convert.ts";
import type { Parcel } from "../../lib/worker/channel.ts";
import { createWorkers, type Pool } from "../../lib/worker/pool.ts";
import { SILENT } from "../support.ts";

const { signal } = new AbortController();

/** A pool that answers as a test wants. */
function poolOf(run: (method: string, value: unknown, bytes: readonly Uint8Array[]) => Parcel): Pool {
  return {
    run: async (method, value, job = {}) => {
      const { value: answer, bytes = [] } = await Promise.resolve(run(method, value, job.bytes ?? []));
      return { value: answer, bytes };
    },
    retire() {},
  };
}

test("a page is made into Markdown by a worker process, many at once", async () => {
  const workers = createWorkers(SILENT);
  try {
    const pool = workers.pool({
      kind: "page",
      label: "The reader of web pages",
      env: {},
      memoryBytesMax: 1024 * 1024 * 1024,
      atOnceMax: 2,
      idleMax: 1,
      idleMs: 1_000,
    });
    const convert = createConvert(() => Promise.resolve(pool));
    const pages = await Promise.all(Array.from({ length: 6 }, (_, i) => {
      return convert(`<title>T${i}</title><h1>Grüße ${i}</h1><a href="x">x</a>`, "https://a.test/b/", signal);
    }));
    pages.forEach(({ markdown, title, notes }, i) => {
      assert.equal(markdown, `# Grüße ${i}\n\n[x](https://a.test/b/x)`);
      assert.equal(title, `T${i}`);
      assert.deepEqual(notes, []);
    });
  } finally {
    workers.end();
  }
});

test("a page that ends its worker becomes plain text, unless nobody waits any more", async () => {
  const asked: string[] = [];
  const pool = poolOf((method) => {
    asked.push(method);
    if (method === "toMarkdown") throw new ToolError("The reader of web pages was stopped", "Ask for less.");
    return { value: { title: "", notes: ["plain"] }, bytes: [Buffer.from("text")] };
  });
  const convert = createConvert(() => Promise.resolve(pool));
  assert.deepEqual(await convert("<p>", "https://a.test/", signal), {
    markdown: "text",
    title: "",
    notes: ["plain"],
  });
  assert.deepEqual(asked, ["toMarkdown", "toText"]);
  const gone = AbortSignal.abort(new CancelledError());
  await assert.rejects(convert("<p>", "https://a.test/", gone), CancelledError);
  assert.deepEqual(asked, ["toMarkdown", "toText", "toMarkdown"]);
});

test("what a worker answers is not believed", async () => {
  for (const value of [null, "x", 5, [], { title: 5, notes: "x" }, { notes: [1, null] }]) {
    const convert = createConvert(() => Promise.resolve(poolOf(() => ({ value }))));
    assert.deepEqual(await convert("", "https://a.test/", signal), { markdown: "", title: "", notes: [] });
  }
});
