import assert from "node:assert/strict";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { TREE_DEPTH_MAX } from "../../lib/limits.ts";
import { files } from "../../tools/files/index.ts";
import { withSandbox } from "../support.ts";

/** Levels that are named in one path, well below the longest path. */
const LEVELS = 1_000;

/** Makes folders in each other, too deep for any path to name the innermost, which holds a file. */
function nest(dir: string, levels: number): void {
  const [deep, next] = [join(dir, "deep"), join(dir, "next")];
  mkdirSync(deep);
  writeFileSync(join(deep, "leaf.txt"), "leaf");
  for (let left = levels; left > 0; left -= LEVELS) {
    const count = Math.min(left, LEVELS);
    mkdirSync(next + "/d".repeat(count - 1), { recursive: true });
    renameSync(deep, next + "/d".repeat(count));
    renameSync(next, deep);
  }
}

test("folders nested deeper than a path can say are copied, moved, deleted and brought back", async () => {
  // Elsewhere what is inside a folder is reached by its path.
  if (process.platform !== "linux") return;
  await withSandbox([files], async ({ dir, call }) => {
    nest(dir, 2_100);
    const does = async (name: string, args: unknown, expected: RegExp) => {
      const { text, isError } = await call(name, args);
      assert.equal(isError, false, text.slice(0, 500));
      assert.match(text, expected);
    };
    await does("copy_file", { source: "deep", destination: "copy" }, /2,101 entries/);
    await does("move_file", { source: "copy", destination: "moved" }, /^Moved/);
    await does("delete_file", { path: "deep", recursive: true }, /2,101 entries/);
    assert.ok(!existsSync(join(dir, "deep")));
    await does("undo_change", { id: 3 }, /^Undid change 3/);
    await does("delete_file", { path: "deep", recursive: true }, /2,101 entries/);
    await does("delete_file", { path: "moved", recursive: true }, /2,101 entries/);
  }, { journal: true });
});

test("folders nested too deep to be worked on are refused for that reason", async () => {
  if (process.platform !== "linux") return;
  await withSandbox([files], async ({ dir, call }) => {
    nest(dir, TREE_DEPTH_MAX + 1);
    for (
      const [name, args] of [
        ["delete_file", { path: "deep", recursive: true }],
        ["copy_file", { source: "deep", destination: "copy" }],
      ] as const
    ) {
      const { text, isError } = await call(name, args);
      assert.ok(isError);
      assert.equal(
        text,
        `Cannot work on "${join(dir, "deep")}": its folders are nested more than 5,000 deep\n` +
          "Nothing was changed. Work on a folder further down first.",
      );
    }
    assert.ok(!existsSync(join(dir, "copy")));
    // The advice, and without it the sandbox could not be removed.
    for (let left = TREE_DEPTH_MAX + 1; left > 0; left -= LEVELS) {
      if (left > LEVELS) renameSync(join(dir, "deep") + "/d".repeat(LEVELS), join(dir, "rest"));
      const { text, isError } = await call("delete_file", { path: "deep", recursive: true });
      assert.equal(isError, false, text.slice(0, 500));
      if (left > LEVELS) renameSync(join(dir, "rest"), join(dir, "deep"));
    }
  }, { journal: true });
});
