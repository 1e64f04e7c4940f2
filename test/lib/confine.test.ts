import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { canConfine } from "../../lib/confine/landlock.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import type { SearchEngine } from "../../lib/search/types.ts";
import { search } from "../../tools/search/index.ts";
import { type Sandbox, SILENT, withSandbox } from "../support.ts";

const engine = (confine?: boolean): SearchEngine =>
  createSearch(createRipgrep({ cacheFolder: "/nonexistent", log: SILENT, confine }));

/** Runs the same expectations confined, where that is possible, and not confined. */
async function withBoth(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  await withSandbox([search], work, { search: engine() });
  await withSandbox([search], work, { search: engine(false) });
}

test("a confined ripgrep reads nothing outside of its folder, by links and by names", async () => {
  if (!(await canConfine())) return;
  await withSandbox([search], async ({ dir, outside, put }) => {
    await put({ "inside.txt": "needle\n" });
    await writeFile(join(outside, "secret.txt"), "needle\n");
    await symlink(outside, join(dir, "link"));
    const ripgrep = createRipgrep({ cacheFolder: "/nonexistent", log: SILENT });
    const run = async (confined: boolean) => {
      let output = "";
      const end = await ripgrep.run({
        args: ["--follow", "--no-ignore", "needle", "./", join(outside, "secret.txt")],
        cwd: dir,
        confined,
        signal: new AbortController().signal,
        take: (chunk) => (output += chunk) !== "",
      });
      return { output, errors: end?.errors ?? "" };
    };
    const free = await run(false);
    assert.match(free.output, /link\/secret\.txt:needle/, "the control sees the outside");
    const { output, errors } = await run(true);
    assert.equal(output, "./inside.txt:needle\n");
    assert.match(errors, /secret\.txt: Permission denied/);
  });
});

test("confining a run confines no other thread of the process", async () => {
  await withSandbox([search], async ({ call, put, outside }) => {
    await put({ "a.txt": "needle\n" });
    await writeFile(join(outside, "b.txt"), "b");
    for (let round = 0; round < 20; round++) {
      await Promise.all([1, 2, 3, 4].map(() => call("search_text", { pattern: "needle" })));
      const looks = Array.from(
        { length: 40 },
        (_, i) => i % 2 === 0 ? readdir(outside) : readFile(join(outside, "b.txt")),
      );
      await Promise.all(looks);
    }
  }, { search: engine() });
});

test("a .gitignore that is a link to the outside decides nothing", async () => {
  await withBoth(async ({ dir, outside, call, put }) => {
    await put({ "hidden.txt": "needle\n", "sub/hidden.txt": "needle\n" });
    await writeFile(join(outside, "rules"), "hidden.txt\n");
    await symlink(join(outside, "rules"), join(dir, ".gitignore"));
    await symlink(join(outside, "rules"), join(dir, "sub/.gitignore"));
    assert.match((await call("search_text", { pattern: "needle" })).text, /^2 matching lines in 2 files/);
    assert.match((await call("find_files", { pattern: "hidden" })).text, /^2 results/);
  });
});

test("pipes that are named like ignore files, and others, hold no search up", async () => {
  if (process.platform === "win32") return;
  await withBoth(async ({ dir, call, put }) => {
    await put({
      ".gitignore": "ignored\n",
      "ignored": "needle\n",
      "a.txt": "needle\n",
      "sub/b.txt": "needle\n",
    });
    await mkdir(join(dir, "deep/er"), { recursive: true });
    for (const name of [".ignore", ".rgignore", "pipe.txt", "sub/.gitignore", "deep/er/.gitignore"]) {
      assert.equal(spawnSync("mkfifo", [join(dir, name)]).status, 0);
    }
    const signal = AbortSignal.timeout(20_000);
    const { text } = await call("search_text", { pattern: "needle" });
    assert.match(text, /^2 matching lines in 2 files/);
    assert.doesNotMatch(text, /Stopped|slower/);
    assert.match((await call("find_files", { pattern: "*.txt" })).text, /^2 results/);
    assert.equal(signal.aborted, false, "the searches were held up");
  });
});

test("lines are those of the verified files where ripgrep only proposes", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({
      "late.txt": "no\nneedle",
      "wide.txt": "\ufeffneedle\r\nx\r\nneedle two\r\n",
      "\u00fc.txt": "a\n\u00dcber needle\n",
      "nul.bin": "needle\0",
      "sub/.gitignore": "off.txt\n",
      "sub/off.txt": "needle\n",
      "one/needle.txt": "nothing\n",
    });
    const { text } = await call("search_text", { pattern: "\\bneedle", regex: true });
    assert.match(text, /^4 matching lines in 3 files/);
    assert.match(text, /late\.txt\n2: needle/);
    assert.match(text, /wide\.txt\n1: needle\n3: needle two/);
    assert.match(text, /\u00fc\.txt\n2: \u00dcber needle/);
    const words = await call("search_text", { pattern: "\\w{4} needle", regex: true });
    assert.match(words.text, /^1 matching line in 1 file/);
    const page = await call("search_text", { pattern: "needle", offset: 2, limit: 1 });
    assert.match(page.text, /^4 matching lines in 3 files .*, 2-2 shown/);
  }, { search: engine(false) });
});
