import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots, refuseWindowsForms } from "../../lib/fs/roots.ts";
import { withSandbox } from "../support.ts";

function refusal(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ToolError, `expected a ToolError, got ${String(error)}`);
    assert.match(`${error.message}\n${error.next}`, pattern);
    return true;
  };
}

test("resolve accepts what is inside and refuses siblings, parents and other systems' forms", async () => {
  await withSandbox([], async ({ files, dir, outside }) => {
    await mkdir(join(dir, "a b"));
    assert.equal(files.resolve(dir), dir);
    assert.equal(files.resolve(`${dir}/`), dir);
    assert.equal(files.resolve("x/../y"), join(dir, "y"));
    // Half a character is what the runtime makes of it, so that one file has one path.
    for (const half of ["\ud800", "a\udc00b"]) {
      assert.equal(files.resolve(`${dir}/${half}`), join(dir, half));
      assert.equal(files.resolve(`${dir}/./${half}/`), join(dir, half));
    }
    assert.equal(files.resolve(`file://${dir}/a%20b`), join(dir, "a b"));
    for (
      const path of [
        outside,
        `${dir}x`,
        `${dir}/../allowed-not`,
        "..",
        "../../etc/passwd",
        "/",
        "~root",
        `${dir} `,
        `${dir}"`,
      ]
    ) {
      if (path === "~root") assert.equal(files.resolve(path), join(dir, "~root"));
      else assert.throws(() => files.resolve(path), refusal(/outside the allowed folders/), path);
    }
    assert.throws(() => files.resolve("a\0b"), refusal(/NUL/));
    assert.throws(() => files.resolve("D:\\x"), refusal(/Windows path/));
    assert.throws(() => files.resolve("\\\\server\\share"), refusal(/Windows path/));
  });
});

test("resolve says how to allow a folder when none is allowed", () => {
  assert.throws(() => createFiles([]).resolve("/tmp/x"), refusal(/no folder is allowed[^]*--allow/));
});

test("resolve finds the folder of a relative path among several, or asks for an absolute one", async () => {
  await withSandbox([], async ({ dir, outside, put }) => {
    await put({ "only-here.txt": "1" });
    const { roots } = openRoots([{ path: dir, readOnly: false }, { path: outside, readOnly: false }]);
    const files = createFiles(roots);
    assert.equal(files.resolve("allowed-not/x"), join(outside, "x"));
    assert.equal(files.resolve("only-here.txt"), join(dir, "only-here.txt"));
    assert.throws(() => files.resolve("nowhere.txt"), refusal(/2 folders are allowed/));
  });
});

test("openRoots reports a missing folder and a file, keeps the rest, and the stricter wish", async () => {
  await withSandbox([], async ({ dir, put }) => {
    await put({ "file.txt": "" });
    const { roots, missing } = openRoots([
      { path: join(dir, "gone"), readOnly: false },
      { path: join(dir, "file.txt"), readOnly: false },
      { path: dir, readOnly: false },
      { path: dir, readOnly: true },
    ]);
    assert.deepEqual(missing.map((root) => root.why), ["no such folder", "not a folder"]);
    assert.deepEqual(roots, [{ real: dir, given: dir, readOnly: true }]);
  });
});

test("refuseWindowsForms rejects device names, streams, drive-relative and verbatim paths", () => {
  for (
    const path of [
      "C:x",
      "C:\\a\\NUL",
      "c:/a/com1.txt",
      "C:\\a\\f.txt:s",
      "\\\\?\\C:\\a",
      "\\\\.\\pipe\\x",
      "C:\\a.\\b",
      "C:\\b ",
      "a\\aux",
    ]
  ) {
    assert.throws(() => refuseWindowsForms(path), refusal(/Send a plain absolute path/), path);
  }
  for (const path of ["C:\\a\\b.txt", "D:/console/nulls.txt", "..\\a", "a\\.\\b"]) refuseWindowsForms(path);
});
