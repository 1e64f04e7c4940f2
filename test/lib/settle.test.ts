import assert from "node:assert/strict";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { files as filesModule } from "../../tools/files/index.ts";
import { withSandbox } from "../support.ts";

const NFC = "caf\u00e9";
const NFD = "cafe\u0301";
const SCREENSHOT = "Shot at 9.41\u202fAM.txt";

test("settle takes the exact name, else the only equivalent, else leaves the path as it was", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ [`${NFD}/menu.txt`]: "d", [SCREENSHOT]: "s", "plain.txt": "p" });
    const settled = (path: string) => files.settle(join(dir, path));
    assert.equal(await settled(`${NFC}/menu.txt`), join(dir, `${NFD}/menu.txt`));
    assert.equal(await settled(`${NFD}/menu.txt`), join(dir, `${NFD}/menu.txt`));
    assert.equal(await settled("Shot at 9.41 AM.txt"), join(dir, SCREENSHOT));
    for (const path of ["plain.txt", "PLAIN.txt", "new caf\u00e9.txt", `${NFC}x/y`, "plain.txt "]) {
      assert.equal(await settled(path), join(dir, path), path);
    }
    await put({ [`${NFC}/menu.txt`]: "c" });
    assert.equal(await settled(`${NFC}/menu.txt`), join(dir, `${NFC}/menu.txt`));
  });
});

test("settle refuses a name that two entries are equivalent to, and shows their letters", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "a\u00a0b": "1", "a\u2003b": "2" });
    await assert.rejects(files.settle(join(dir, "a b")), /ambiguous: 2 entries/);
    await assert.rejects(files.settle(join(dir, "a b/c")), (error) => {
      assert.match(String((error as { next?: string }).next), /"a\\u00a0b", "a\\u2003b"/);
      return true;
    });
  });
});

test("settle does not look outside", async () => {
  await withSandbox([], async ({ files, dir, outside }) => {
    await mkdir(join(outside, NFD));
    await symlink(outside, join(dir, "o u t"));
    assert.equal(await files.settle(join(dir, "o u t", NFC)), join(dir, "o u t", NFC));
  });
});

test("tools read, edit and move a file by an equivalent name, and make no second one", async () => {
  await withSandbox([filesModule], async ({ call, dir }) => {
    await writeFile(join(dir, `${NFD}.txt`), "hello\n");
    const path = join(dir, `${NFC}.txt`);
    assert.equal((await call("read_file", { path })).text, "hello\n");
    assert.equal((await call("read_multiple_files", { paths: [path] })).isError, false);
    assert.equal(
      (await call("edit_file", { path, edits: [{ oldText: "hello", newText: "bye" }] })).isError,
      false,
    );
    assert.equal((await call("write_file", { path, content: "again\n" })).isError, false);
    assert.deepEqual(await readdir(dir), [`${NFD}.txt`]);
    assert.equal((await call("move_file", { source: path, destination: join(dir, "b.txt") })).isError, false);
    assert.deepEqual(await readdir(dir), ["b.txt"]);
  });
});
