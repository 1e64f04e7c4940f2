import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../rig/random.ts";
import { playSequences } from "../rig/sequences.ts";
import { describeTree } from "../rig/tree.ts";
import { withSandbox } from "../support.ts";

test("undo of any sequence in reverse gives back the tree, undo of the undos the changed one", async () => {
  const random = createRandom();
  const changes = await playSequences(20, random);
  assert.ok(changes >= 20, `seed ${random.seed}: only ${changes} changes were made`);
});

test("changes made at the same time in one process are all recorded, and can all be undone", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "same": "before" });
    const before = await describeTree(dir);
    await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      const content = new TextEncoder().encode(`${i}`);
      await files.write(join(dir, i % 2 === 0 ? "same" : `new/${i}`), content);
    }));
    const changes = await files.changes.list(100);
    assert.equal(changes.length, 40);
    assert.equal(await readFile(join(dir, "same"), "utf8"), "38");
    const { signal } = new AbortController();
    for (const { id } of changes) await files.changes.undo(id, signal);
    assert.equal((await describeTree(dir)).replace(/^new\/ .*\n/, ""), before);
  }, { journal: true });
});
