import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { test } from "node:test";
import { openNativeLibrary } from "../../lib/runtime.ts";
import { withSandbox } from "../support.ts";

const NEVER = new AbortController().signal;

/** The attribute calls of Linux, or undefined where this runtime or system has none. */
async function attributeCalls() {
  if (process.platform !== "linux") return undefined;
  return await openNativeLibrary("libc.so.6", {
    lsetxattr: { args: ["ptr", "ptr", "ptr", "i64", "i32"], returns: "i32" },
    lgetxattr: { args: ["ptr", "ptr", "ptr", "i64"], returns: "i64" },
  });
}

const zeroEnded = (text: string) => Buffer.from(`${text}\0`);

test("extended attributes stay when a file is replaced, and go along with a copy", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "a.txt": "old" });
    const calls = await attributeCalls();
    const [path, name, value] = [zeroEnded(join(dir, "a.txt")), zeroEnded("user.tag"), Buffer.from("hello")];
    const kept = Number(calls?.lsetxattr?.(path, name, value, value.length, 0)) === 0;
    await files.write(join(dir, "a.txt"), new TextEncoder().encode("new"));
    await files.copy(join(dir, "a.txt"), join(dir, "b.txt"), NEVER);
    // Where the disk or the runtime knows no attributes, writing and copying without them is all there is to
    // see.
    if (!kept) return;
    for (const file of ["a.txt", "b.txt"]) {
      const found = Buffer.alloc(16);
      const length = Number(calls?.lgetxattr?.(zeroEnded(join(dir, file)), name, found, found.length));
      assert.equal(found.toString("utf8", 0, Math.max(0, length)), "hello", file);
    }
  });
});
