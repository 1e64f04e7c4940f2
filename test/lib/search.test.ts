import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { createSearch } from "../../lib/search/engine.ts";
import { compileNamePattern, FirstNames } from "../../lib/search/names.ts";
import { LineRows, PathRows } from "../../lib/search/rows.ts";
import type { NameQuery, Scope, TextQuery } from "../../lib/search/types.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { SILENT, withSandbox } from "../support.ts";

const BUILT_IN = createSearch({
  confines: () => Promise.resolve(true),
  run: () => Promise.resolve(undefined),
});
const RIPGREP = createSearch(createRipgrep({ cacheFolder: "/nonexistent", log: SILENT }));

/** Feeds bytes in pieces of every size. */
function inPieces(text: string, feed: (pieces: readonly Buffer[]) => void): void {
  const bytes = Buffer.from(text, "utf8");
  for (let size = 1; size <= bytes.length; size++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    feed(pieces);
  }
}

test("LineRows reads rows however they are cut, also odd paths and warnings about binary files", () => {
  const warning = 'WARNING: stopped searching binary file after match (found "\\0" byte around offset 4711)';
  const output = [
    "./a\0" + "1:2:0:text\n",
    "./a\0" + "30:1:400:a\0b: c\n".replace("\0", "\u2400"),
    "./a\nb\0" + "7:8:9:\n",
    `./a\nb: ${warning}\n`,
    "./ab/\u00e9\0" + "5:6:77:[Omitted long line with 2 matches]\n",
    "./skipped\0" + "1:1:1:x\n",
    `./skipped: ${warning}\n`,
    "./z\0" + "2:1:5:x\n",
  ].join("");
  inPieces(output, (pieces) => {
    const rows = new LineRows(100, (path) => path !== "skipped");
    for (const piece of pieces) assert.equal(rows.take(piece), true);
    assert.deepEqual(rows.files, [
      { path: "a", lines: [1, 30], columns: [2, 1], offsets: [0, 400] },
      { path: "a\nb", lines: [7], columns: [8], offsets: [9], binaryFrom: 4711 },
      { path: "ab/\u00e9", lines: [5], columns: [6], offsets: [77] },
      { path: "z", lines: [2], columns: [1], offsets: [5] },
    ]);
  });
});

test("LineRows has enough only when one line more comes than was wanted", () => {
  const rows = new LineRows(2, () => true);
  assert.equal(rows.take(Buffer.from("./a\0" + "1:1:0:x\n./b\0" + "1:1:0:x\n")), true);
  assert.equal(rows.take(Buffer.from("./c\0" + "1:1:0:x\n")), false);
  assert.equal(rows.files.reduce((sum, file) => sum + file.lines.length, 0), 2);
});

test("LineRows does not keep a row without an end", () => {
  const rows = new LineRows(2, () => true);
  assert.throws(() => {
    for (let i = 0; i < 100; i++) rows.take(Buffer.alloc(64 * 1024, 0x61));
  }, /without an end/);
});

test("PathRows reads paths however they are cut, and ends when there are enough", () => {
  inPieces("./a\0./b\nc/\u00e9\u{1f600}.txt\0./d\0", (pieces) => {
    const paths: string[] = [];
    const rows = new PathRows((path) => paths.push(path) < 3);
    assert.deepEqual(pieces.map((piece) => rows.take(piece)).at(-1), false);
    assert.deepEqual(paths, ["a", "b\nc/\u00e9\u{1f600}.txt", "d"]);
  });
});

test("FirstNames keeps the first names in order, whatever their order was, and counts folders once", () => {
  const all = Array.from({ length: 20_000 }, (_, i) => `f${(i * 7_919) % 20_000}`);
  const names = new FirstNames(10);
  for (const name of all) {
    names.add(name);
    names.add("folder/");
  }
  assert.equal(names.total, 20_001);
  assert.deepEqual(names.first(), all.toSorted().slice(0, 10));
  assert.deepEqual(new FirstNames(3).first(), []);
});

test("compileNamePattern narrows only what ripgrep's globs read alike", () => {
  assert.equal(compileNamePattern("*.ts").narrow, "*.[tT][sS]");
  assert.equal(compileNamePattern("src/**/*.{Md,txt}").narrow, "*.{Md,txt}");
  for (
    const pattern of ["*.{a,}", "{a,{b,c}}*", "[ab]*", "*}", "\\**", "src/**", "{a/b,c}*.ts/**", "caf\u00e9*"]
  ) {
    assert.equal(compileNamePattern(pattern).narrow, undefined, pattern);
  }
});

const FILES = [
  "a.ts",
  "A.TS",
  "b.js",
  "ab.ts",
  "acd.ts",
  "a+b (1).txt",
  "x,y.txt",
  "odd}.txt",
  "odd{.txt",
  "*lit.txt",
  "[c].txt",
  ".env.example",
  ".hidden/a.ts",
  "src/a.ts",
  "src/lib/src/deep.ts",
  "lib/src.ts",
  "caf\u00e9/men\u00fc.md",
  "-dash",
  "sp ace/in name.md",
];

const PATTERNS = [
  ...[
    "*",
    "**",
    "*.ts",
    "*.TS",
    "*.[jt]s",
    "{a,ab}.ts",
    "*.{ts,}",
    "a{b,{c,cd}}.ts",
    "*(1)*",
    "a+b*",
    "x,y*",
  ],
  ...[
    "*}*",
    "odd\\{*",
    "\\*lit*",
    "\\[c\\]*",
    ".*",
    "src/*.ts",
    "src/**/*.ts",
    "**/src/**",
    "?.ts",
    "*a.t?",
    "-*",
  ],
  ...[
    "caf\u00e9/*",
    "*\u00fc.md",
    "sp*/in*",
    "[!a-z]*",
    "src",
    "a.ts",
    "dash",
    " ",
    "in name",
    "\u00fc",
    "src/lib",
  ],
];

test("both engines find the same names", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    const onDisk = process.platform === "win32" ? FILES.filter((name) => !/[*]/.test(name)) : FILES;
    await put(Object.fromEntries(onDisk.map((name) => [name, `content of ${name}\n`])));
    const scope: Scope = { files, path: dir, signal: new AbortController().signal };
    for (const pattern of PATTERNS) {
      const query: NameQuery = { pattern, keep: 100, max: 1_000 };
      const fast = await RIPGREP.findNames(query, scope);
      const slow = await BUILT_IN.findNames(query, scope);
      assert.deepEqual({ ...fast, builtIn: true }, slow, pattern);
      assert.equal(fast.builtIn, false);
      assert.ok(fast.total > 0, `${pattern} finds nothing, so it tests nothing`);
    }
  });
});

const QUERIES: readonly Partial<TextQuery>[] = [
  { pattern: "content" },
  { pattern: "CONTENT", ignoreCase: true },
  { pattern: "^content of .*ts$", regex: true },
  { pattern: "(a|b)\\.(ts|js)\\b", regex: true },
  { pattern: "x*", regex: true },
  { pattern: "^$", regex: true },
  { pattern: "last", glob: "*.txt" },
  { pattern: "\u00e9" },
  { pattern: "\u00c9", ignoreCase: true },
  { pattern: "[\u00e0-\u00ff]+", regex: true },
  { pattern: "of", glob: "src/**/*.ts" },
  { pattern: "second", regex: true },
  { pattern: ".", regex: true },
];

test("both engines find the same lines, columns and offsets", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put(
      Object.fromEntries(
        FILES.filter((name) => !/[*]/.test(name)).map((name) => [name, `content of ${name}\n`]),
      ),
    );
    await put({
      "bom.txt": "\ufefffirst\nsecond last\n",
      "crlf.txt": "first\r\n\r\nsecond\r\nlast",
      "empty.txt": "",
      "latin1.txt": Buffer.from("caf\xe9 second\n", "latin1"),
      "utf16.txt": Buffer.from("\ufefferste\n\u00e9 second\nlast\n", "utf16le"),
      "long.txt": `${"\u00e9x".repeat(100_000)} second\nlast\n`,
      "blank.txt": "\n\n\n",
    });
    const scope: Scope = { files, path: dir, signal: new AbortController().signal };
    const inOrder = async (engine: typeof RIPGREP, query: TextQuery) => {
      const { files, stopped } = await engine.findText(query, scope);
      return { stopped, files: files.toSorted((a, b) => a.path < b.path ? -1 : 1) };
    };
    for (const partial of QUERIES) {
      const query = { pattern: "", regex: false, ignoreCase: false, max: 1_000, ...partial };
      const fast = await inOrder(RIPGREP, query);
      assert.deepEqual(fast, await inOrder(BUILT_IN, query), JSON.stringify(partial));
      assert.ok(fast.files.length > 0, JSON.stringify(partial));
    }
  });
});
