import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { narrowRoots } from "../../lib/fs/narrow.ts";
import type { Root } from "../../lib/fs/types.ts";
import { withSandbox } from "../support.ts";

const root = (path: string, readOnly = false): Root => ({ real: path, given: path, readOnly });
const uri = (path: string) => pathToFileURL(path).href;

test("narrowRoots keeps what is in both, and never gives what was not allowed", () => {
  const allowed = [root("/a"), root("/b/c", true)];
  assert.deepEqual(narrowRoots(allowed, []), allowed);
  assert.deepEqual(narrowRoots(allowed, [uri("/a/x y")]), [root("/a/x y")]);
  assert.deepEqual(narrowRoots(allowed, [uri("/b")]), [root("/b/c", true)]);
  assert.deepEqual(narrowRoots(allowed, [uri("/b/c/d")]), [root("/b/c/d", true)]);
  assert.deepEqual(narrowRoots(allowed, [uri("/")]), allowed);
  for (const foreign of [uri("/ab"), uri("/etc"), "https://a.test/a", "file://host/a", "nonsense"]) {
    assert.deepEqual(narrowRoots(allowed, [foreign]), [], foreign);
  }
});

test("narrowRoots lets the innermost allowed folder decide about writing", () => {
  const allowed = [root("/a", true), root("/a/open")];
  assert.deepEqual(narrowRoots(allowed, [uri("/a/open/x")]), [root("/a/open/x")]);
  assert.deepEqual(narrowRoots(allowed, [uri("/a/closed")]), [root("/a/closed", true)]);
  assert.deepEqual(narrowRoots(allowed, [uri("/a")]), allowed);
});

test("narrowRoots follows links in the client's roots, so that a link cannot widen", async () => {
  await withSandbox([], async ({ dir, outside }) => {
    await mkdir(join(dir, "real"));
    await symlink(outside, join(dir, "out"));
    await symlink(join(dir, "real"), join(dir, "in"));
    const allowed = [root(dir)];
    assert.deepEqual(narrowRoots(allowed, [uri(join(dir, "out"))]), []);
    assert.deepEqual(narrowRoots(allowed, [uri(join(dir, "in"))]), [
      { real: join(dir, "real"), given: join(dir, "in"), readOnly: false },
    ]);
  });
});
