import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { names, TREE, withBoth } from "../rig/search.ts";

test("find_files finds *.ts at any depth, in the order of the paths", async () => {
  await withBoth(async ({ call, put, dir }) => {
    await put(TREE);
    const { text, isError } = await call("find_files", { pattern: "*.ts" });
    assert.equal(isError, false);
    assert.equal(text.split("\n")[0], `4 results in ${dir}:`);
    assert.deepEqual(names(text), [
      "src/app.ts",
      "src/build/keep.ts",
      "src/deep/er/util.test.ts",
      "src/deep/er/util.ts",
    ]);
  });
});

test("find_files reads globs with folders, braces, classes and ** at any depth", async () => {
  await withBoth(async ({ call, put }) => {
    await put(TREE);
    const found = async (pattern: string) => names((await call("find_files", { pattern })).text);
    assert.deepEqual(await found("src/**/*.test.ts"), ["src/deep/er/util.test.ts"]);
    assert.deepEqual(await found("er/*.ts"), ["src/deep/er/util.test.ts", "src/deep/er/util.ts"]);
    assert.deepEqual(await found("*.{md,txt}"), [".hidden/notes.md", "README.md", "src/Budget 2026.txt"]);
    assert.deepEqual(await found("[a-b]pp.t?"), ["src/app.ts"]);
    assert.deepEqual(await found("./src/app.*"), ["src/app.ts"]);
    assert.deepEqual(await found("{src,lib}/*.ts"), ["src/app.ts"]);
    assert.deepEqual(await found("deep/"), ["src/deep/er/util.test.ts", "src/deep/er/util.ts"]);
    assert.deepEqual(await found("er*/"), ["src/deep/er/util.test.ts", "src/deep/er/util.ts"]);
    assert.equal((await found("**")).length, 8);
    assert.equal((await found("**/*")).length, 8);
    assert.equal((await found("*")).length, 8);
  });
});

test("find_files takes a plain word as a part of names of files and folders, case by capitals", async () => {
  await withBoth(async ({ call, put }) => {
    await put(TREE);
    const found = async (pattern: string) => names((await call("find_files", { pattern })).text);
    assert.deepEqual(await found("budget"), ["src/Budget 2026.txt"]);
    assert.deepEqual(await found("Budget"), ["src/Budget 2026.txt"]);
    assert.deepEqual(await found("BUDGET"), []);
    assert.deepEqual(await found("*BUDGET*"), []);
    assert.deepEqual(await found("*budget*"), ["src/Budget 2026.txt"]);
    assert.deepEqual(await found("deep"), ["src/deep/"]);
    assert.deepEqual(await found("deep/er/util.ts"), ["src/deep/er/util.ts"]);
  });
});

test("find_files compares composed and decomposed letters as the same", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "cafe\u0301.txt": "", "na\u00efve.md": "" });
    for (const pattern of ["caf\u00e9", "*\u00e9.txt"]) {
      assert.deepEqual(names((await call("find_files", { pattern })).text), ["cafe\u0301.txt"], pattern);
    }
    assert.deepEqual(names((await call("find_files", { pattern: "*nai\u0308*" })).text), ["na\u00efve.md"]);
  });
});

test("find_files leaves out .gitignore and noise, says so, and searches them when pointed into", async () => {
  await withBoth(async ({ call, put }) => {
    await put(TREE);
    const none = await call("find_files", { pattern: "out.ts" });
    assert.match(none.text, /^No file matches out\.ts /);
    assert.match(none.text, /Left out: what \.gitignore names, and \.git, node_modules/);
    const found = async (path: string) => names((await call("find_files", { pattern: "*", path })).text);
    assert.deepEqual(await found("build"), ["build/out.ts"]);
    assert.deepEqual(await found("node_modules"), ["node_modules/pkg/index.ts"]);
    assert.deepEqual(await found("node_modules/pkg"), ["node_modules/pkg/index.ts"]);
    assert.deepEqual(await found(".git"), [".git/config"]);
    assert.deepEqual(await found(".hidden"), [".hidden/notes.md"]);
  });
});

test("find_files pages without gaps, and names the next call", async () => {
  await withBoth(async ({ call, put }) => {
    await put(Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`d${i % 3}/f${i}.txt`, ""])));
    const all = names((await call("find_files", { pattern: "*.txt" })).text);
    assert.equal(all.length, 25);
    const paged: string[] = [];
    let args: Record<string, unknown> | undefined = { pattern: "*.txt", limit: 10 };
    while (args !== undefined) {
      const { text } = await call("find_files", args);
      paged.push(...names(text));
      const next = /follow: find_files (.*)$/m.exec(text)?.[1];
      args = next === undefined ? undefined : JSON.parse(next);
    }
    assert.deepEqual(paged, all);
    const beyond = await call("find_files", { pattern: "*.txt", offset: 26 });
    assert.equal(beyond.isError, true);
    assert.match(beyond.text, /from 26 on: there are 25\nUse an offset from 1 to 25/);
  });
});

test("find_files refuses patterns that leave the folder or say nothing", async () => {
  await withBoth(async ({ call, outside }) => {
    for (
      const pattern of ["../*", "src/../../x", "{a,../b}", `${outside}/*`, "~/x", "", "/etc/passwd", ".."]
    ) {
      const { isError, text } = await call("find_files", { pattern });
      assert.equal(isError, true, pattern);
      assert.match(text, /^Cannot use the pattern .*\n\S/, pattern);
    }
    assert.match((await call("find_files", { pattern: "x".repeat(1_001) })).text, /At most 1,000/);
    assert.equal((await call("find_files", { pattern: "*", path: outside })).isError, true);
    assert.match(
      (await call("find_files", { pattern: "*", path: "nowhere" })).text,
      /no such file or folder/,
    );
  });
});

test("find_files escapes names that could mislead, and counts those no tool can open", async () => {
  if (process.platform !== "linux") return;
  await withBoth(async ({ call, put, dir }) => {
    await put({ "a\nb.txt": "alpha\n", " c.txt": "alpha\n" });
    // Not every runtime can name this file, but a shell can.
    execFileSync("sh", ["-c", 'echo alpha > "$1/$(printf "bad\\377.txt")"', "sh", dir]);
    const { text } = await call("find_files", { pattern: "*.txt" });
    assert.deepEqual(names(text), ['" c.txt"', '"a\\u000ab.txt"']);
    assert.match(text, /1 name not shown: not valid UTF-8/);
    assert.match((await call("search_text", { pattern: "alpha" })).text, /"a\\u000ab\.txt"\n1: alpha/);
  });
});

test("search_text of one large file leaves no listeners behind while ripgrep reads it", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "large.txt": `${"x".repeat(99)}\n`.repeat(300_000) });
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on("warning", note);
    try {
      assert.match((await call("search_text", { pattern: "zzz", path: "large.txt" })).text, /^No match/);
      // A warning is emitted in a later turn.
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      process.off("warning", note);
    }
    assert.deepEqual(warnings, []);
  });
});
