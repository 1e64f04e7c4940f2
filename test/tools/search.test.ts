import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { createCaller } from "../../lib/call.ts";
import { CancelledError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import { wireTool } from "../../lib/wire.ts";
import { search } from "../../tools/search/index.ts";
import { reachOf, SILENT, withSandbox } from "../support.ts";
import { BUILT_IN, names, TREE, withBoth } from "../rig/search.ts";

test("find_files and search_text keep to the .gitignore files above the folder", async () => {
  await withBoth(async ({ call, put }) => {
    await put({
      ".gitignore": "*.tmp\n/sub/only/\n",
      "sub/.gitignore": "!keep.tmp\n",
      "sub/a.tmp": "word\n",
      "sub/keep.tmp": "word\n",
      "sub/only/b.txt": "word\n",
      "sub/c.txt": "word\n",
    });
    assert.deepEqual(names((await call("find_files", { pattern: "*", path: "sub" })).text), [
      "sub/.gitignore",
      "sub/c.txt",
      "sub/keep.tmp",
    ]);
    const { text } = await call("search_text", { pattern: "word", path: "sub" });
    assert.match(text, /^2 matching lines in 2 files/);
    assert.match(
      (await call("search_text", { pattern: "word", path: "sub/only" })).text,
      /^1 matching line in 1/,
    );
  });
});

test("find_files and search_text do not follow links, and do not wait for pipes", async () => {
  if (process.platform === "win32") return;
  await withBoth(async ({ call, put, dir, outside }) => {
    await put({ "in/a.txt": "alpha\n" });
    await writeFile(join(outside, "b.txt"), "alpha outside\n");
    await symlink(outside, join(dir, "away"));
    await symlink(join(outside, "b.txt"), join(dir, "b.txt"));
    await symlink(join(dir, "in"), join(dir, "in/loop"));
    execFileSync("mkfifo", [join(dir, "pipe.txt")]);
    assert.deepEqual(names((await call("find_files", { pattern: "*.txt" })).text), ["in/a.txt"]);
    const { text } = await call("search_text", { pattern: "alpha" });
    assert.match(text, /^1 matching line in 1 file/);
    for (const path of ["away", "b.txt"]) {
      const refused = await call("search_text", { pattern: "alpha", path });
      assert.equal(refused.isError, true);
      assert.match(refused.text, /leads outside/);
    }
    assert.match((await call("search_text", { pattern: "alpha", path: "in/loop" })).text, /^1 matching line/);
  });
});

test("search_text and find_files stop when the call is cancelled", async () => {
  await withBoth(async ({ caller, put }) => {
    await put(TREE);
    for (
      const [name, args] of [["search_text", { pattern: "alpha" }], ["find_files", { pattern: "*" }]] as const
    ) {
      const controller = new AbortController();
      const call = caller.call(name, args, { signal: controller.signal });
      controller.abort();
      await assert.rejects(call, CancelledError);
    }
  });
});

test("search_text and find_files search every allowed folder once, and name absolute paths", async () => {
  await withSandbox([search], async ({ dir, put }) => {
    await put({ "a/x.txt": "alpha\n", "b/x.txt": "alpha\n", "b/inner/x.txt": "alpha\n" });
    for (
      const engine of [
        createSearch(createRipgrep({ cacheFolder: join(dir, "cache"), log: SILENT })),
        BUILT_IN,
      ]
    ) {
      const { roots } = openRoots(
        ["b", "b/inner", "a"].map((name) => ({ path: join(dir, name), readOnly: false })),
      );
      const caller = createCaller([search], {
        reach: () => Promise.resolve(reachOf({ files: createFiles(roots), search: engine })),
        log: SILENT,
        readOnly: false,
      });
      const shown = async (name: string, args: object) =>
        (await caller.call(name, args)).content.map((part) => part.type === "text" ? part.text : "").join("");
      const expected = ["b/inner/x.txt", "b/x.txt", "a/x.txt"].map((name) => join(dir, name));
      const found = await shown("find_files", { pattern: "*.txt" });
      assert.equal(found.split("\n")[0], "3 results in the 2 allowed folders:");
      assert.deepEqual(names(found), expected);
      const text = await shown("search_text", { pattern: "alpha" });
      assert.deepEqual(text.split("\n").filter((line) => line.startsWith(dir)), expected);
      assert.deepEqual(names(await shown("find_files", { pattern: "*", offset: 3 })), expected.slice(2));
    }
  });
});

test("search_text and find_files say what to do when no folder is allowed", async () => {
  const caller = createCaller([search], {
    reach: () => Promise.resolve(reachOf({ files: createFiles([]), search: BUILT_IN })),
    log: SILENT,
    readOnly: false,
  });
  for (const [name, pattern] of [["search_text", "a"], ["find_files", "*"]] as const) {
    const { isError, content } = await caller.call(name, { pattern });
    assert.equal(isError, true);
    assert.match(JSON.stringify(content), /no folder is allowed/);
  }
});

test("find_files and search_text work in deep folders, and in empty ones", async () => {
  await withBoth(async ({ call, dir }) => {
    const deep = join(dir, ...Array.from({ length: 60 }, (_, i) => `d${i}`));
    await mkdir(deep, { recursive: true });
    assert.match((await call("find_files", { pattern: "*" })).text, /^No file matches/);
    await writeFile(join(deep, "bottom.txt"), "alpha");
    assert.equal(names((await call("find_files", { pattern: "bottom" })).text).length, 1);
    assert.match((await call("search_text", { pattern: "alpha" })).text, /^1 matching line/);
    await rm(join(dir, "d0"), { recursive: true });
  });
});

test("the search tools cost at most 2,400 characters, their instructions 300", () => {
  const chars = search.tools.reduce((sum, tool) => sum + JSON.stringify(wireTool(tool)).length, 0);
  assert.ok(chars <= 2_400, `${chars}`);
  assert.ok(search.instructions.length <= 300);
});

test("the prompts of search name what was asked for, and the folder where one was given", async () => {
  await withSandbox([search], async ({ caller }) => {
    const [where, trace] = search.prompts;
    const first = await where?.render({ what: "the roof invoice" }, await caller.context());
    assert.match(first ?? "", /the roof invoice\nLook in all allowed folders\./);
    const second = await trace?.render({ symbol: "parseUrl", folder: "src" }, await caller.context());
    assert.match(second ?? "", /Trace "parseUrl".*\nLook in: src\n/);
  });
});
