import assert from "node:assert/strict";
import { chmod, link, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CancelledError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createCaller } from "../../lib/call.ts";
import { LIST_ENTRIES_MAX } from "../../lib/limits.ts";
import { defineModule } from "../../lib/tool.ts";
import { listTools } from "../../tools/files/list.ts";
import { reachOf, SILENT, withSandbox } from "../support.ts";

const listing = defineModule({
  name: "files",
  title: "Files",
  instructions: "",
  tools: listTools,
  prompts: [],
});

/** The lines of a listing between its title and its notes. */
function entries(text: string): string[] {
  return text.split("\n\n")[0]?.split("\n").slice(1) ?? [];
}

test("list_directory shows names with sizes and kinds, sorted, folders with a slash", async () => {
  await withSandbox([listing], async ({ call, dir, put }) => {
    await put({ "b.txt": "12345", "a/x.txt": "", "C.bin": "x".repeat(1_234) });
    const { text } = await call("list_directory", { path: dir });
    assert.equal(text, `${dir}: 1 folder, 2 files\nC.bin  1.2 kB\na/\nb.txt  5 B`);
    assert.equal((await call("list_directory", {})).text, text);
  });
});

test("list_directory says when a folder is empty, and refuses files and outside folders", async () => {
  await withSandbox([listing], async ({ call, dir, outside, put }) => {
    assert.equal((await call("list_directory", { path: "." })).text, `${dir}: empty folder`);
    await put({ "a.txt": "" });
    await writeFile(join(outside, "secret.txt"), "");
    await symlink(outside, join(dir, "out"));
    for (const path of ["a.txt", outside, "..", "out"]) {
      const { text, isError } = await call("list_directory", { path });
      assert.equal(isError, true);
      assert.ok(!text.includes("secret"));
    }
  });
});

test("list_directory shows links with the text of their target and follows none", async () => {
  await withSandbox([listing], async ({ call, dir, outside, put }) => {
    await put({ "sub/a.txt": "" });
    await symlink("sub", join(dir, "in"));
    await symlink(outside, join(dir, "out"));
    await symlink("/no/such/place", join(dir, "gone"));
    const { text } = await call("list_directory", { path: ".", depth: 5 });
    assert.deepEqual(entries(text), [
      "gone -> /no/such/place",
      "in -> sub",
      `out -> ${outside}`,
      "sub/",
      "  a.txt  0 B",
    ]);
  });
});

test("list_directory: no name can forge an entry, a link or an order of letters", async () => {
  await withSandbox([listing], async ({ call, put }) => {
    await put({ "a\nREADME.md  5 B": "", "b -> etc": "", "c\u202egpj.exe": "", "d\u001b[2J": "" });
    assert.deepEqual(entries((await call("list_directory", { path: "." })).text), [
      '"a\\u000aREADME.md  5 B"  0 B',
      '"b -> etc"  0 B',
      '"c\\u202egpj.exe"  0 B',
      '"d\\u001b[2J"  0 B',
    ]);
  });
});

test("list_directory: a deeper listing is a tree without the insides of noise folders", async () => {
  await withSandbox([listing], async ({ call, put }) => {
    await put({
      "node_modules/x/index.js": "",
      "web/node_modules/y/index.js": "",
      ".git/config": "",
      "web/src/a.ts": "",
      "z.txt": "",
    });
    const { text } = await call("list_directory", { path: ".", depth: 3 });
    assert.deepEqual(entries(text), [
      ".git/ (not entered)",
      "node_modules/ (not entered)",
      "web/",
      "  node_modules/ (not entered)",
      "  src/",
      "    a.ts  0 B",
      "z.txt  0 B",
    ]);
    assert.match(text, /Not entered: \.git, node_modules \(2\)\. List one of them directly/);
    const inside = await call("list_directory", { path: "node_modules", depth: 2 });
    assert.deepEqual(entries(inside.text), ["x/", "  index.js  0 B"]);
    const flat = await call("list_directory", { path: "." });
    assert.deepEqual(entries(flat.text), [".git/", "node_modules/", "web/", "z.txt  0 B"]);
    assert.equal((await call("list_directory", { path: ".", depth: 2 })).text.includes("a.ts"), false);
  });
});

test("list_directory: a deeper listing honours .gitignore, nested and above", async () => {
  await withSandbox([listing], async ({ call, put }) => {
    await put({
      ".gitignore": "*.log\n!keep.log\n/dist/\nsecret*\n",
      "a.log": "",
      "keep.log": "",
      "dist/out.js": "",
      "src/.gitignore": "gen/\n!a.log\n",
      "src/a.log": "",
      "src/b.log": "",
      "src/gen/x.ts": "",
      "src/dist/ok.ts": "",
      "src/deep/secret.txt": "",
      "src/deep/open.txt": "",
    });
    const { text } = await call("list_directory", { path: ".", depth: 9 });
    const names = entries(text).map((line) => line.trim().split("  ")[0]);
    assert.deepEqual(names, [
      ".gitignore",
      "keep.log",
      "src/",
      ".gitignore",
      "a.log",
      "deep/",
      "open.txt",
      "dist/",
      "ok.ts",
    ]);
    assert.match(text, /Left out: 5 entries that \.gitignore names/);
    const deep = await call("list_directory", { path: "src/deep", depth: 2 });
    assert.deepEqual(entries(deep.text), ["open.txt  0 B"]);
    const ignored = await call("list_directory", { path: "dist", depth: 2 });
    assert.deepEqual(entries(ignored.text), ["out.js  0 B"]);
    assert.ok(entries((await call("list_directory", { path: "src" })).text).includes("b.log  0 B"));
  });
});

test("list_directory: a nested repository starts its own rules, odd .gitignore files none", async () => {
  await withSandbox([listing], async ({ call, dir, put, outside }) => {
    await put({
      ".gitignore": "*.txt\n",
      "inner/.git/HEAD": "",
      "inner/a.txt": "",
      "odd/b.md": "",
      "linked/c.md": "",
    });
    await mkdir(join(dir, "odd/.gitignore"));
    await writeFile(join(outside, "rules"), "*.md\n");
    await symlink(join(outside, "rules"), join(dir, "linked/.gitignore"));
    const { text } = await call("list_directory", { path: ".", depth: 3 });
    assert.ok(text.includes("  a.txt") && text.includes("  b.md") && text.includes("  c.md"));
    assert.ok((await call("list_directory", { path: "inner", depth: 2 })).text.includes("a.txt"));
  });
});

test("list_directory: a hostile .gitignore does not stall the walk", async () => {
  await withSandbox([listing], async ({ call, put }) => {
    const deep = Array.from({ length: 18 }, () => "a").join("/");
    await put({
      ".gitignore": `${"**/a/".repeat(12)}b\n${"*a".repeat(40)}b\n`,
      [`${deep}/c`]: "",
      ["a".repeat(200)]: "",
    });
    const { text } = await call("list_directory", { path: ".", depth: 20 });
    assert.match(text, /18 folders, 3 files|18 folders, 2 files/);
  });
});

test("list_directory: pages cover every entry once, in the order of the whole listing", async () => {
  await withSandbox([listing], async ({ call, put }) => {
    const files: Record<string, string> = {};
    for (let folder = 0; folder < 4; folder++) {
      for (let file = 0; file < 30; file++) files[`d${folder}/f${file}`] = "x";
    }
    await put(files);
    const whole = entries((await call("list_directory", { path: ".", depth: 2 })).text);
    assert.equal(whole.length, 124);
    const seen: string[] = [];
    let args: Record<string, unknown> = { path: ".", depth: 2, limit: 25 };
    for (;;) {
      const { text } = await call("list_directory", args);
      seen.push(...entries(text).filter((line) => !line.endsWith("(continued)")));
      const next = /list_directory (\{.*\})/.exec(text)?.[1];
      if (next === undefined) break;
      args = JSON.parse(next);
    }
    assert.deepEqual(seen, whole);
    const second = await call("list_directory", { path: ".", depth: 2, limit: 25, offset: 26 });
    assert.equal(entries(second.text)[0], "d0/ (continued)");
    const beyond = await call("list_directory", { path: ".", depth: 2, offset: 125 });
    assert.deepEqual([beyond.isError, beyond.text.includes("an offset from 1 to 124")], [true, true]);
  });
});

test("list_directory: a pattern filters names, whatever their case, deep when it has folders", async () => {
  await withSandbox([listing], async ({ call, put }) => {
    await put({ "IMG.JPG": "", "b.jpg": "", "c.txt": "", "src/d.jpg": "", "src/lib/e.ts": "" });
    const list = async (args: object) => entries((await call("list_directory", { path: ".", ...args })).text);
    assert.deepEqual(await list({ pattern: "*.jpg" }), ["IMG.JPG  0 B", "b.jpg  0 B"]);
    assert.deepEqual(await list({ pattern: "*.jpg", depth: 2 }), [
      "IMG.JPG  0 B",
      "b.jpg  0 B",
      "src/d.jpg  0 B",
    ]);
    assert.deepEqual(await list({ pattern: "src/**/*.{ts,js}" }), ["src/lib/e.ts  0 B"]);
    const none = await call("list_directory", { path: ".", pattern: "*.zig" });
    assert.match(none.text, /nothing to show\n\nNo name matches "\*\.zig"\. Only this folder was looked at/);
    assert.equal((await call("list_directory", { path: ".", pattern: "../*" })).isError, true);
  });
});

test("list_directory sorts a tree by size or by time, largest and newest first", async () => {
  await withSandbox([listing], async ({ call, dir, put }) => {
    await put({ "old.txt": "12345", "sub/new.txt": "1", "mid.txt": "123" });
    const times: [string, string][] = [["old.txt", "2020"], ["mid.txt", "2023"], ["sub", "2024"], [
      "sub/new.txt",
      "2025",
    ]];
    for (const [name, year] of times) {
      await utimes(join(dir, name), new Date(`${year}-05-05T10:00:00Z`), new Date(`${year}-05-05T10:00:00Z`));
    }
    const list = async (sort: string) =>
      entries((await call("list_directory", { path: ".", depth: 2, sort })).text);
    assert.deepEqual(await list("size"), ["old.txt  5 B", "mid.txt  3 B", "sub/new.txt  1 B", "sub/"]);
    assert.deepEqual(await list("modified"), [
      "sub/new.txt  1 B  2025-05-05 12:00",
      "sub/  2024-05-05 12:00",
      "mid.txt  3 B  2023-05-05 12:00",
      "old.txt  5 B  2020-05-05 12:00",
    ]);
  }, { timeZone: "Europe/Berlin" });
});

test("list_directory without a path lists the allowed folders when there are several", async () => {
  await withSandbox([listing], async ({ caller, dir, outside }) => {
    const { search } = await caller.context();
    const { roots } = openRoots([{ path: dir, readOnly: false }, { path: outside, readOnly: true }]);
    const both = createCaller([listing], {
      reach: () => Promise.resolve(reachOf({ files: createFiles(roots), search })),
      log: SILENT,
      readOnly: false,
    });
    const { content } = await both.call("list_directory", {});
    assert.deepEqual(content, [{
      type: "text",
      text: `2 folders are allowed:\n${dir}/\n${outside}/ (read-only)`,
    }]);
    const none = createCaller([listing], {
      reach: () => Promise.resolve(reachOf({ files: createFiles([]), search })),
      log: SILENT,
      readOnly: false,
    });
    assert.equal((await none.call("list_directory", {})).isError, true);
  });
});

test("list_directory marks a folder that cannot be opened and goes on", async () => {
  await withSandbox([listing], async ({ call, dir, put }) => {
    await put({ "locked/x": "", "z": "" });
    await chmod(join(dir, "locked"), 0);
    const { text, isError } = await call("list_directory", { path: ".", depth: 2 });
    await chmod(join(dir, "locked"), 0o755);
    assert.equal(isError, false);
    // The superuser may open everything.
    const locked = process.getuid?.() === 0 ? ["locked/", "  x  0 B"] : ["locked/ (cannot be opened)"];
    assert.deepEqual(entries(text), [...locked, "z  0 B"]);
  });
});

test("list_directory stops after LIST_ENTRIES_MAX entries, and ends when cancelled", async () => {
  await withSandbox([listing], async ({ call, caller, dir }) => {
    await mkdir(join(dir, "many"));
    for (let from = 0; from <= LIST_ENTRIES_MAX; from += 1_000) {
      await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => writeFile(join(dir, "many", `${from + index}`), "")),
      );
    }
    const { text } = await call("list_directory", { path: ".", depth: 2 });
    assert.match(text, /: at least 1 folder, 19,999 files; entries 1-200 of 20,000\n/);
    assert.match(text, /Stopped after 20,000 entries, in .*\/many\./);
    const controller = new AbortController();
    const progress = () => controller.abort();
    await assert.rejects(
      caller.call("list_directory", { path: ".", depth: 2 }, { signal: controller.signal, progress }),
      CancelledError,
    );
  });
});

test("get_file_info tells kind, size, contents, times in the local zone and permissions", async () => {
  await withSandbox([listing], async ({ call, dir, put }) => {
    await put({
      "a.md": "über\r\nb\r\n",
      "p.bin": Uint8Array.of(0, 1, 2),
      "big.log": "0123456789\n".repeat(150_000),
    });
    await chmod(join(dir, "a.md"), 0o640);
    await utimes(join(dir, "a.md"), new Date(), new Date("2026-07-01T22:30:05Z"));
    await link(join(dir, "a.md"), join(dir, "b.md"));
    const { text } = await call("get_file_info", { path: "a.md" });
    for (
      const line of [
        `${dir}/a.md`,
        "kind: file",
        "size: 10 bytes",
        "type: text/markdown",
        "lines: 2",
        "encoding: UTF-8",
        "line endings: CRLF",
        "modified: 2026-07-02T00:30:05+02:00",
        "permissions: 640 (rw-r-----)",
        "hard links: 2",
      ]
    ) assert.ok(text.split("\n").includes(line), `${line} in:\n${text}`);
    const big = await call("get_file_info", { path: "big.log" });
    assert.match(big.text, /size: 1,650,000 bytes \(1\.6 MB\)\n[^]*lines: 150,000\n/);
    assert.match((await call("get_file_info", { path: "p.bin" })).text, /type: binary/);
    assert.match((await call("get_file_info", { path: "." })).text, /kind: folder\nentries: 4\n/);
  }, { timeZone: "Europe/Berlin" });
});

test("get_file_info describes a link itself, wherever it leads, and refuses what is outside", async () => {
  await withSandbox([listing], async ({ call, dir, outside }) => {
    await symlink("/no/such\nplace", join(dir, "gone"));
    const { text } = await call("get_file_info", { path: "gone" });
    assert.match(text, /kind: link\ntarget: "\/no\/such\\u000aplace"\nmodified: /);
    assert.equal((await call("get_file_info", { path: outside })).isError, true);
    assert.match((await call("get_file_info", { path: "missing" })).text, /no such file or folder/);
  });
});
