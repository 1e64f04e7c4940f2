import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { lstat, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EDITING } from "../rig/edit.ts";
import { withSandbox } from "../support.ts";

test("edit_file loses no edit when a file is edited by its name and through a link at once", async () => {
  await withSandbox([EDITING], async ({ call, dir, put }) => {
    await put({ "file.txt": "END" });
    await symlink("file.txt", join(dir, "link.txt"));
    const words = Array.from({ length: 40 }, (_, i) => `w${i};`);
    const replies = await Promise.all(words.map((word, i) => {
      const path = join(dir, i % 2 === 0 ? "file.txt" : "link.txt");
      return call("edit_file", { path, edits: [{ oldText: "END", newText: `${word}\nEND` }] });
    }));
    assert.deepEqual(replies.filter((reply) => reply.isError), []);
    const content = await readFile(join(dir, "file.txt"), "utf8");
    assert.deepEqual(words.filter((word) => !content.includes(word)), []);
    assert.ok((await lstat(join(dir, "link.txt"))).isSymbolicLink());
  });
});

test("edit_file reports no edit as done that another process then loses", async () => {
  await withSandbox([], async ({ dir, outside, put }) => {
    await put({ "file.txt": "END" });
    const script = fileURLToPath(new URL("../rig/editor.ts", import.meta.url));
    const run = "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
    const editors = ["a", "b", "c"].map((name) => {
      const child = spawn(process.execPath, [...run, outside, dir, name, "60"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      return text(child.stdout);
    });
    const done = (await Promise.all(editors)).join("").trim().split("\n");
    const content = await readFile(join(dir, "file.txt"), "utf8");
    assert.ok(done.length > 60, `only ${done.length} edits were done`);
    assert.deepEqual(
      done.filter((word) => !content.includes(`${word}\n`)),
      [],
      `of ${done.length} edits done`,
    );
    assert.equal(
      content.split("\n").length - 1,
      done.length,
      "an edit stands in the file that was not reported",
    );
    assert.deepEqual(await readdir(dir), ["file.txt"]);
  });
});
