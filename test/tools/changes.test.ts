import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { wireTool } from "../../lib/wire.ts";
import { changeTools } from "../../tools/files/changes.ts";
import { files } from "../../tools/files/index.ts";
import { type Sandbox, withSandbox } from "../support.ts";

async function sandbox(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  await withSandbox([files], work, { journal: true, timeZone: "UTC" });
}

test("list_changes and undo_change together take up to 900 characters of tools/list", () => {
  const length = changeTools.reduce((sum, tool) => sum + JSON.stringify(wireTool(tool)).length, 0);
  assert.ok(length <= 900, `${length}`);
});

test("list_changes tells what every tool changed, newest first, with sizes and what was undone", async () => {
  await sandbox(async ({ call, dir, put }) => {
    assert.equal((await call("list_changes", {})).text, "Nothing was changed in the allowed folders");
    await put({ "a.txt": "one\ntwo\n" });
    await call("write_file", { path: "new.txt", content: "12345" });
    await call("edit_file", { path: "a.txt", edits: [{ oldText: "two", newText: "three" }] });
    await call("edit_file", { path: "a.txt", edits: [{ oldText: "one", newText: "1" }], dryRun: true });
    await call("create_directory", { path: "folder" });
    await call("copy_file", { source: "a.txt", destination: "folder/b.txt" });
    await call("move_file", { source: "folder", destination: "moved" });
    await call("delete_file", { path: "moved", recursive: true });
    await call("undo_change", { id: 6 });
    const { text } = await call("list_changes", {});
    const lines = text.split("\n").map((line) =>
      line.replace(/ {2}20\S+Z? {2}/, " ").replaceAll(`${dir}/`, "")
    );
    assert.deepEqual(lines, [
      "7 restore moved (folder, 1 entry, undoes 6)",
      "6 delete moved (folder, 1 entry, undone by 7)",
      "5 move folder -> moved (folder)",
      "4 copy a.txt -> folder/b.txt (10 B)",
      "3 create folder (folder)",
      "2 write a.txt (8 B -> 10 B)",
      "1 write new.txt (new, 5 B)",
    ]);
    const page = await call("list_changes", { limit: 2 });
    assert.match(page.text, /^7 [^]*\n6 [^\n]*\n+More: list_changes {"limit":8}$/);
  });
});

test("undo_change says what it did and how to bring the change back", async () => {
  await sandbox(async ({ call, dir }) => {
    await call("write_file", { path: "a/b.txt", content: "1" });
    const undone = await call("undo_change", { id: 1 });
    assert.equal(
      undone.text,
      `Undid change 1: Deleted "${
        join(dir, "a")
      }", which it had made\n\nTo bring it back: undo_change {"id":2}`,
    );
    assert.deepEqual(await readdir(dir), []);
    const back = await call("undo_change", { id: 2 });
    assert.match(back.text, /^Undid change 2: Restored ".*a"/);
    assert.equal(await readFile(join(dir, "a/b.txt"), "utf8"), "1");
  });
});

test("undo_change refuses what was changed since, and what does not exist", async () => {
  await sandbox(async ({ call, dir }) => {
    await call("write_file", { path: "a.txt", content: "1" });
    await writeFile(join(dir, "a.txt"), "2");
    const changed = await call("undo_change", { id: 1 });
    assert.ok(changed.isError);
    assert.match(changed.text, /^Cannot undo change 1: ".*a\.txt" has changed since\n/);
    const unknown = await call("undo_change", { id: 5 });
    assert.ok(unknown.isError);
    assert.match(unknown.text, /^There is no change 5 in the allowed folders\nThe newest is 1/);
    assert.ok((await call("undo_change", { id: 0 })).isError);
  });
});

test("undo_change is hidden and refused where everything is read-only; list_changes is not", async () => {
  await withSandbox([files], async ({ caller, call }) => {
    const names = caller.tools.map((tool) => tool.name);
    assert.ok(names.includes("list_changes") && !names.includes("undo_change"));
    assert.ok((await call("undo_change", { id: 1 })).isError);
    assert.ok(!(await call("list_changes", {})).isError);
  }, { journal: true, readOnly: true });
});

test("list_changes without a journal says so", async () => {
  await withSandbox([files], async ({ call }) => {
    const { text, isError } = await call("list_changes", {});
    assert.ok(isError);
    assert.match(text, /There is no journal of changes/);
  });
});
