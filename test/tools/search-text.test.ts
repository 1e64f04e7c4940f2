import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { REPLY_CHARS_MAX, SEARCH_MATCHES_MAX } from "../../lib/limits.ts";
import { TREE, withBoth } from "../rig/search.ts";

/** The lines of a reply between its title and its notes. */
function body(text: string): string[] {
  return text.split("\n\n").filter((_, index) => index > 0).join("\n\n").split("\n");
}

test("search_text groups matching lines by file, after a summary", async () => {
  await withBoth(async ({ call, put, dir }) => {
    await put(TREE);
    const { text } = await call("search_text", { pattern: "alpha" });
    assert.equal(
      text,
      `7 matching lines in 5 files in ${dir}

.hidden/notes.md
1: alpha hidden

README.md
3: alpha beta

src/app.ts
1: const alpha = 1;
2: const beta = alpha + 1;
4: export { alpha, beta };

src/build/keep.ts
1: alpha kept

src/deep/er/util.test.ts
1: test alpha`,
    );
  });
});

test("search_text shows context once, and marks it", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "a.txt": "one\ntwo\nthree hit\nfour\nfive hit\nsix\nseven\neight\nnine hit\n" });
    const { text } = await call("search_text", { pattern: "hit", context: 1 });
    assert.deepEqual(body(text).slice(0, 9), [
      "a.txt",
      "2- two",
      "3: three hit",
      "4- four",
      "5: five hit",
      "6- six",
      "8- eight",
      "9: nine hit",
      "",
    ]);
    assert.match(
      (await call("search_text", { pattern: "hit", context: 20 })).text,
      /\n1- one\n2- two\n3: three/,
    );
  });
});

test("search_text is literal and case-sensitive unless asked otherwise", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "a.txt": "f(x) = y\nF(X)\nfx\n-e dash\n--files\n$HOME `id` \"q\" 'q'\n" });
    const first = async (args: object) => (await call("search_text", args)).text.split("\n")[0] ?? "";
    assert.match(await first({ pattern: "f(x)" }), /^1 matching/);
    assert.match(await first({ pattern: "f(x)", ignoreCase: true }), /^2 matching/);
    assert.match(await first({ pattern: "^f.?x", regex: true, ignoreCase: true }), /^3 matching/);
    assert.match(await first({ pattern: "-e dash" }), /^1 matching/);
    assert.match(await first({ pattern: "--files" }), /^1 matching/);
    assert.match(await first({ pattern: "$HOME `id` \"q\" 'q'" }), /^1 matching/);
    assert.match(await first({ pattern: "y$", regex: true }), /^1 matching/);
    const literal = await call("search_text", { pattern: "\\bfx\\b" });
    assert.match(literal.text, /^No match.*\nIt was taken literally: set regex to true/);
  });
});

test("search_text searches only files that match the glob, and ignored ones not even then", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ ...TREE, ".gitignore": "*.log\n/build/\nutil.test.ts\n" });
    const found = async (glob: string) => (await call("search_text", { pattern: "alpha", glob })).text;
    assert.match(await found("*.ts"), /^4 matching lines in 2 files/);
    assert.match(await found("*.TS"), /^No match/);
    assert.match(await found("README.md"), /^1 matching line in 1 file/);
    assert.match(await found("src/*.ts"), /^3 matching lines in 1 file/);
    assert.match(await found("*.log"), /^No match/);
    assert.match(await found("{*.md,*.log}"), /^2 matching lines in 2 files/);
  });
});

test("search_text makes errors in a pattern readable, and refuses what it cannot search for", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "a.txt": "aaa\n" });
    const refusal = async (pattern: string, regex: boolean) => {
      const { text, isError } = await call("search_text", { pattern, regex });
      assert.equal(isError, true, pattern);
      assert.match(text, /^Cannot search for ".*": .*\n\S.*$/s);
      return text;
    };
    assert.match(await refusal("(a", true), /Correct it, or leave regex out/);
    await refusal("[z-a]", true);
    await refusal("(?=a)", true);
    await refusal("x{1000}{1000}", true);
    assert.match(await refusal("a\nb", false), /contains a line break\nLines are searched one by one/);
    assert.match(await refusal("a\\nb", true), /contains a line break/);
    assert.match(await refusal("a\\\\\\r", true), /contains a line break/);
    assert.match(await refusal("a\0", false), /NUL/);
    assert.match((await call("search_text", { pattern: "(a", regex: false })).text, /^No match/);
    assert.equal((await call("search_text", { pattern: "" })).isError, true);
    assert.equal((await call("search_text", { pattern: "x".repeat(1_001) })).isError, true);
  });
});

test("search_text takes linear time on a pattern made to explode", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "a.txt": `${"a".repeat(50_000)}!\n${" ".repeat(50_000)}x\n` });
    assert.match((await call("search_text", { pattern: "(a+)+$", regex: true })).text, /^No match/);
    assert.match((await call("search_text", { pattern: "\\s+$", regex: true })).text, /^No match/);
  });
});

test("search_text reads UTF-16, windows-1252, CRLF and byte order marks as people see them", async () => {
  await withBoth(async ({ call, put }) => {
    const utf16 = Buffer.from("\ufeffeins\r\nzwei h\u00e9llo\r\ndrei\r\n", "utf16le");
    await put({
      "be.txt": Buffer.from(utf16).swap16(),
      "bom.txt": "\ufeffh\u00e9llo first\nh\u00e9llo second\n",
      "crlf.txt": "one\r\nhello\r\n",
      "latin.txt": Buffer.from("h\u00e9llo \x93x\x94 hello\n", "latin1"),
      "le.txt": utf16,
    });
    const found = (await call("search_text", { pattern: "h\u00e9llo", context: 1 })).text;
    assert.match(found, /^4 matching lines in 3 files/);
    assert.match(found, /be\.txt\n1- eins\n2: zwei h\u00e9llo\n3- drei\n/);
    assert.match(found, /bom\.txt\n1: h\u00e9llo first\n2: h\u00e9llo second\n/);
    assert.match(found, /le\.txt\n1- eins\n2: zwei h\u00e9llo\n3- drei$/m);
    const ends = (await call("search_text", { pattern: "hello$", regex: true })).text;
    assert.match(ends, /crlf\.txt\n2: hello\n\nlatin\.txt\n1: h\u00e9llo \u201cx\u201d hello$/m);
  });
});

test("search_text shows a window of a long line around its match", async () => {
  await withBoth(async ({ call, put }) => {
    await put({
      "end.txt": `${"\u00e4".repeat(100_000)}needle`,
      "middle.txt": `${"x".repeat(300_000)}needle${"y".repeat(300_000)}\nshort needle\n`,
      "start.txt": `needle${"\u{1f600}".repeat(1_000)}\n`,
    });
    const { text } = await call("search_text", { pattern: "needle" });
    assert.ok(text.length < 1_500);
    assert.match(text, /\n1: \u2026\u00e4+needle\n/);
    assert.match(text, /\n1: \u2026x+needley+\u2026\n2: short needle\n/);
    assert.match(text, /\n1: needle(\u{1f600})+\u2026$/mu);
  });
});

test("search_text leaves out binary files, and says where one begins", async () => {
  await withBoth(async ({ call, put }) => {
    await put({
      "image.bin": Buffer.from("\0\x01needle\n", "latin1"),
      "late.dat": `needle early\n${"abc\n".repeat(100_000)}\0needle late\n`,
    });
    const { text } = await call("search_text", { pattern: "needle" });
    assert.match(text, /^1 matching line in 1 file/);
    assert.match(text, /late\.dat is binary from byte 400,01\d on, and was searched up to there/);
    const asked = await call("search_text", { pattern: "needle", path: "image.bin" });
    assert.match(asked.text, /image\.bin: 1 matching line in a binary file, not shown/);
  });
});

test("search_text pages without gaps within the limit and the size of a reply", async () => {
  await withBoth(async ({ call, put }) => {
    const line = (i: number) => `match ${i} ${"word ".repeat(40)}\n`;
    for (let file = 0; file < 3; file++) {
      await put({ [`f${file}.txt`]: Array.from({ length: 100 }, (_, i) => line(file * 100 + i)).join("") });
    }
    const seen: number[] = [];
    let args: Record<string, unknown> | undefined = { pattern: "match", limit: 500, context: 2 };
    while (args !== undefined) {
      const { text } = await call("search_text", args);
      assert.ok(text.length <= REPLY_CHARS_MAX);
      for (const match of text.matchAll(/^\d+: match (\d+)/gm)) seen.push(Number(match[1]));
      const next = /follow: search_text (.*)$/m.exec(text)?.[1];
      args = next === undefined ? undefined : JSON.parse(next);
    }
    assert.deepEqual(seen, Array.from({ length: 300 }, (_, i) => i));
    const page = await call("search_text", { pattern: "match", offset: 99, limit: 3 });
    assert.match(
      page.text,
      /300 matching lines in 3 files in .*, 99-101 shown\n\nf0\.txt\n99: .*\n100: .*\n\nf1\.txt\n1: /,
    );
    assert.equal((await call("search_text", { pattern: "match", offset: 301 })).isError, true);
  });
});

test("search_text stops at its limit of matches and says so", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ "a.txt": "hit\n".repeat(SEARCH_MATCHES_MAX - 10), "b.txt": "hit\n".repeat(20) });
    const { text } = await call("search_text", { pattern: "hit", limit: 1 });
    assert.match(text, /^50,000 matching lines in 2 files/);
    assert.match(text, /Stopped at 50,000 matches: search with a longer pattern/);
    await put({ "b.txt": "hit\n".repeat(10) });
    assert.doesNotMatch((await call("search_text", { pattern: "hit", limit: 1 })).text, /Stopped/);
  });
});

test("search_text searches one file, also one that is ignored", async () => {
  await withBoth(async ({ call, put }) => {
    await put(TREE);
    const { text } = await call("search_text", { pattern: "alpha", path: "debug.log" });
    assert.match(text, /^1 matching line in 1 file in .*debug\.log\n\ndebug\.log\n1: alpha log/);
  });
});

test("search_text does not tell what files of secrets contain, not even how often", async () => {
  await withBoth(async ({ call, put }) => {
    await put({ ".env": "TOKEN=abc\n", "app.txt": "TOKEN is read from .env\n", ".env.example": "TOKEN=\n" });
    assert.match((await call("search_text", { pattern: "TOKEN" })).text, /^2 matching lines in 2 files/);
    assert.match((await call("search_text", { pattern: "TOKEN=a", regex: true })).text, /^No match/);
    assert.equal((await call("search_text", { pattern: "TOKEN", path: ".env" })).isError, true);
  });
});

test("search_text counts what cannot be read", async () => {
  if (process.platform === "win32" || process.getuid?.() === 0) return;
  await withBoth(async ({ call, put, dir }) => {
    await put({ "a.txt": "alpha\n", "b.txt": "alpha\n" });
    await chmod(join(dir, "b.txt"), 0);
    const { text } = await call("search_text", { pattern: "alpha" });
    assert.match(text, /^1 matching line in 1 file/);
    assert.match(text, /1 file or folder could not be read/);
  });
});
