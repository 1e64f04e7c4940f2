import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, open, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { MEDIA_BYTES_MAX, REPLY_CHARS_MAX } from "../../lib/limits.ts";
import { defineModule } from "../../lib/tool.ts";
import { readTools } from "../../tools/files/read.ts";
import { type Sandbox, withSandbox } from "../support.ts";

const reading = defineModule({
  name: "files",
  title: "Files",
  instructions: "",
  tools: readTools,
  prompts: [],
});

const PNG = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01", "latin1");

function numbered(count: number, line = (number: number) => `line ${number}`): string[] {
  return Array.from({ length: count }, (_, index) => line(index + 1));
}

/** The call that a reply names for the rest, as a call. */
function nextCall(text: string): Record<string, unknown> {
  const found = /read_file (\{.*\})/.exec(text)?.[1];
  assert.ok(found !== undefined, `no call in: ${text.slice(-300)}`);
  return JSON.parse(found);
}

/** What follows the title line and precedes the note on what was left out. */
function body(text: string): string[] {
  const lines = text.split("\n").slice(1);
  const end = lines.findLastIndex((line) => line === "");
  return text.includes("read_file {") ? lines.slice(0, end) : lines;
}

test("read_file returns a whole text exactly as it is", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    const contents = ["one\n\ttwo  \nüber 日本 😀\n", "no final newline", "\n", "\n\n  \n", "a\tb"];
    for (const content of contents) {
      await put({ "a.txt": content });
      assert.equal((await call("read_file", { path: "a.txt" })).text, content);
    }
  });
});

test("read_file says when a file is empty", async () => {
  await withSandbox([reading], async ({ call, dir, put }) => {
    await put({ "empty.txt": "", "mark.txt": "\ufeff" });
    assert.equal((await call("read_file", { path: "empty.txt" })).text, `${dir}/empty.txt: empty file`);
    assert.match(
      (await call("read_file", { path: "mark.txt", offset: -5 })).text,
      /^.*mark\.txt: empty file/,
    );
  });
});

test("read_file says which encoding and line endings a file has when they are unusual", async () => {
  await withSandbox([reading], async ({ call, dir, put }) => {
    await put({
      "crlf.txt": "a\r\nb\r\n",
      "mixed.txt": "a\r\nb\n",
      "latin": Buffer.from("f\u00fcr\n", "latin1"),
      "wide": Buffer.from("\ufeffh\u00e9\nb\n", "utf16le"),
      "bom": "\ufeffa\n",
    });
    const expected: [string, RegExp, string][] = [
      ["crlf.txt", /2 lines \(CRLF line endings\)$/, "a\nb"],
      ["mixed.txt", /2 lines \(mixed line endings\)$/, "a\nb"],
      ["latin", /1 line \(Latin-1.*\)$/, "für"],
      ["wide", /2 lines \(UTF-16 LE with a byte order mark\)$/, "hé\nb"],
      ["bom", /1 line \(UTF-8 with a byte order mark\)$/, "a"],
    ];
    for (const [name, title, content] of expected) {
      const [first = "", ...rest] = (await call("read_file", { path: name })).text.split("\n");
      assert.ok(first.startsWith(`${dir}/${name}: `));
      assert.match(first, title);
      assert.equal(rest.join("\n"), content);
    }
  });
});

test("read_file numbers lines from 1, takes 0 for 1, and counts negative offsets from the end", async () => {
  await withSandbox([reading], async ({ call, dir, put }) => {
    const lines = numbered(1_234);
    for (const final of ["\n", ""]) {
      await put({ "a.txt": lines.join("\n") + final });
      const read = async (args: object) => (await call("read_file", { path: "a.txt", ...args })).text;
      assert.equal(
        (await read({ offset: 1_233 })).split("\n")[0],
        `${dir}/a.txt: lines 1,233-1,234 of 1,234`,
      );
      assert.deepEqual(body(await read({ offset: 10, limit: 3 })), lines.slice(9, 12));
      assert.deepEqual(body(await read({ offset: 0, limit: 2 })), lines.slice(0, 2));
      assert.deepEqual(body(await read({ offset: -1 })), lines.slice(-1));
      assert.deepEqual(body(await read({ offset: -100 })), lines.slice(-100));
      assert.deepEqual(body(await read({ offset: -100, limit: 2 })), lines.slice(-100, -98));
      assert.deepEqual(body(await read({ offset: -9_999, limit: 2 })), lines.slice(0, 2));
    }
  });
});

test("read_file: following the named calls reads every line once, whatever the sizes", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    const small = numbered(5_000, (number) => `${number} ${"é".repeat(number % 60)}`);
    const large = numbered(9_000, (number) => `${number} ${"é".repeat(number % 120)}`);
    for (const lines of [small, large]) {
      await put({ "a.txt": lines.join("\n") });
      let args: Record<string, unknown> | undefined = { path: "a.txt" };
      const seen: string[] = [];
      while (args !== undefined) {
        const { text, isError } = await call("read_file", args);
        assert.equal(isError, false);
        assert.ok(text.length <= REPLY_CHARS_MAX);
        seen.push(...body(text));
        args = text.includes("read_file {") ? nextCall(text) : undefined;
      }
      assert.deepEqual(seen, lines);
    }
  });
});

test("read_file: an end that does not fit shows its last lines and names the call for the rest", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    const small = numbered(5_000, (number) => `${number} ${"x".repeat(90)}`);
    const large = numbered(50_000, (number) => `${number} ${"x".repeat(90)}`);
    for (const lines of [small, large]) {
      await put({ "a.txt": `${lines.join("\n")}\n` });
      const { text } = await call("read_file", { path: "a.txt", offset: -400 });
      const shown = body(text);
      assert.ok(shown.length > 200 && shown.length < 400);
      assert.deepEqual(shown, lines.slice(-shown.length));
      const earlier = await call("read_file", nextCall(text));
      assert.deepEqual(body(earlier.text), lines.slice(-400, -shown.length));
    }
  });
});

test("read_file reads the last lines of a file of 10 GB, which begins with a hole", async () => {
  await withSandbox([reading], async ({ call, dir }) => {
    const file = await open(join(dir, "huge.log"), "w");
    const size = 10 * 1024 ** 3;
    await file.truncate(size);
    const lines = numbered(1_000, (number) => `entry ${number} ü`);
    await file.write(`\n${lines.join("\r\n")}\r\n`, size);
    await file.close();
    const { text } = await call("read_file", { path: "huge.log", offset: -100 });
    assert.deepEqual(body(text), lines.slice(-100));
    assert.equal(
      text.split("\n")[0],
      `${dir}/huge.log: the last 100 lines of a file of 11 GB (CRLF line endings)`,
    );
    assert.match((await call("read_file", { path: "huge.log" })).text, /binary data, 11 GB/);
  });
});

test("read_file cuts a long line, says how much is missing, and shows more of it alone", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    await put({
      "a.txt": `short\n${"y".repeat(30_000)}\nend`,
      "min.js": "😀".repeat(1_000_000),
      "fits": "z".repeat(9_000),
    });
    const { text } = await call("read_file", { path: "a.txt" });
    assert.ok(/\ny{2000} \[\+28,000 characters\]\nend\n/.test(text));
    const alone = await call("read_file", nextCall(text));
    assert.ok(/y{20000,24000} \[\+[\d,]+ characters\]/.test(alone.text));
    const minified = await call("read_file", { path: "min.js" });
    // Not assert.match: its message would hold the whole text.
    assert.ok(/^[^\n]*: 1 line\n(😀){10000,} \[\+about 3\.9 MB\]/u.test(minified.text));
    assert.ok(minified.text.isWellFormed() && minified.text.length <= REPLY_CHARS_MAX);
    assert.equal((await call("read_file", { path: "fits" })).text, "z".repeat(9_000));
  });
});

test("read_file: a line past the end is an error that names the number of lines", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    await put({ "a.txt": "a\nb\n", "big.txt": "0123456789\n".repeat(200_000) });
    const small = await call("read_file", { path: "a.txt", offset: 3 });
    assert.deepEqual([small.isError, /it has 2 lines\nUse an offset from 1 to 2/.test(small.text)], [
      true,
      true,
    ]);
    const big = await call("read_file", { path: "big.txt", offset: 200_001 });
    assert.deepEqual([big.isError, /it has 200,000 lines/.test(big.text)], [true, true]);
  });
});

test("read_file returns images and audio as media by their bytes, not their names", async () => {
  await withSandbox([reading], async ({ call, dir, put }) => {
    await put({
      "picture.txt": PNG,
      "sound": Buffer.from("fLaC\0\0\0\x22", "latin1"),
      "drawing.svg": "<svg/>",
      "fake.png": "no picture\n",
    });
    const { content } = await call("read_file", { path: "picture.txt" });
    assert.deepEqual(content, [
      { type: "text", text: `${dir}/picture.txt: PNG image of 24 B` },
      { type: "image", data: PNG.toString("base64"), mimeType: "image/png" },
    ]);
    assert.equal((await call("read_file", { path: "sound" })).content[1]?.type, "audio");
    assert.equal((await call("read_file", { path: "drawing.svg" })).text, "<svg/>");
    assert.equal((await call("read_file", { path: "fake.png" })).text, "no picture\n");
  });
});

test("read_file shows an image up to MEDIA_BYTES_MAX and refuses a larger one with both sizes", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    await put({ "a.png": Buffer.concat([PNG, Buffer.alloc(MEDIA_BYTES_MAX - PNG.length)]) });
    assert.equal((await call("read_file", { path: "a.png" })).content[1]?.type, "image");
    for (const size of [MEDIA_BYTES_MAX + 1, 3_000_000]) {
      await put({ "a.png": Buffer.concat([PNG, Buffer.alloc(size - PNG.length)]) });
      const { text, isError } = await call("read_file", { path: "a.png" });
      assert.equal(isError, true);
      assert.match(text, /PNG image of (675 kB|3\.0 MB), and a reply carries at most 675 kB/);
    }
  });
});

test("read_file says what a binary file or a broken document is instead of showing garbage", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    await put({
      "data": Buffer.from([0, 1, 2, 0xff, 0x41]),
      "a.pdf": "%PDF-1.7\n1 0 obj\n",
      "a.zip": Buffer.from("PK\x03\x04\x14\0\0\0", "latin1"),
    });
    const data = await call("read_file", { path: "data" });
    assert.match(
      data.text,
      /data: binary data, 5 B\nIt is not text\. It begins with:\n00 01 02 ff 41 +\.\.\.\.A$/,
    );
    assert.match(
      (await call("read_file", { path: "a.pdf", as: "text" })).text,
      /a\.pdf: PDF document, 17 B\n/,
    );
    assert.match(
      (await call("read_file", { path: "a.pdf" })).text,
      /^Cannot read "[^"]*a\.pdf": it is damaged/,
    );
    assert.match(
      (await call("read_file", { path: "a.zip" })).text,
      /^Cannot read "[^"]*a\.zip": it is damaged/,
    );
  });
});

test("read_file refuses folders with the tool for them, missing files, and everything outside", async () => {
  await withSandbox([reading], async ({ call, dir, outside, put }) => {
    await put({ "notes.txt": "x" });
    await writeFile(join(outside, "secret.txt"), "secret");
    await symlink(join(outside, "secret.txt"), join(dir, "link.txt"));
    assert.match((await call("read_file", { path: "." })).text, /it is a folder\n.*list_directory/);
    assert.match((await call("read_file", { path: "note.txt" })).text, /no such file.*\nNearest: notes\.txt/);
    for (const path of [join(outside, "secret.txt"), "../allowed-not/secret.txt", "link.txt"]) {
      const { text, isError } = await call("read_file", { path });
      assert.equal(isError, true);
      assert.doesNotMatch(text, /^secret$/m);
    }
  });
});

test("read_file: many calls at once, and calls that fail, leave no descriptor open", async () => {
  await withSandbox([reading], async ({ call, dir, put }: Sandbox) => {
    if (process.platform !== "linux") return;
    await mkdir(join(dir, "sub"));
    await put({ "a.txt": "a\n", "b.bin": Buffer.alloc(10) });
    await call("read_file", { path: "a.txt" });
    const before = (await readdir("/proc/self/fd")).length;
    const paths = ["a.txt", "b.bin", "sub", "missing", "/etc/passwd"];
    const calls = Array.from(
      { length: 200 },
      (_, index) => call("read_file", { path: paths[index % paths.length], offset: -1 }),
    );
    await Promise.all(calls);
    assert.ok((await readdir("/proc/self/fd")).length <= before + 2);
  });
});

test("read_multiple_files shows every file under its path, errors in their place", async () => {
  await withSandbox([reading], async ({ call, dir, put }) => {
    await put({ "a.txt": "alpha\n", "b.txt": "beta", "c.png": PNG, "empty": "" });
    const paths = ["a.txt", "missing.txt", "/etc/passwd", "b.txt", "c.png", ".", "empty"];
    const { text, content, isError } = await call("read_multiple_files", { paths });
    assert.equal(isError, false);
    assert.ok(text.includes(`==> ${dir}/a.txt: 1 line\nalpha\n`));
    assert.ok(text.includes(`==> ${dir}/b.txt: 1 line\nbeta\n`));
    assert.match(text, /==> missing\.txt\nCannot read ".*missing\.txt": no such file/);
    assert.match(text, /==> \/etc\/passwd\nCannot use "\/etc\/passwd": it is outside/);
    assert.match(text, /==> \.\nCannot read .*: it is a folder/);
    assert.ok(text.includes(`==> ${dir}/empty: empty file`));
    assert.deepEqual(content.map((part) => part.type), ["text", "image", "text"]);
  });
});

test("read_multiple_files: long files share what short ones leave, and name the next call", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    const lines = numbered(5_000, (number) => `${number} ${"x".repeat(40)}`);
    await put({
      "short.txt": "short\n",
      "long1.txt": lines.join("\n"),
      "long2.txt": lines.join("\n"),
      "long3.txt": lines.join("\n"),
    });
    const { text } = await call("read_multiple_files", {
      paths: ["long1.txt", "short.txt", "long2.txt", "long3.txt"],
    });
    assert.ok(text.length <= REPLY_CHARS_MAX && text.length > REPLY_CHARS_MAX * 0.8);
    assert.match(text, /: 1 line\nshort\n/);
    const shown = [...text.matchAll(/lines 1-(\d+) of 5,000/g)].map((match) => Number(match[1]));
    assert.equal(shown.length, 3);
    assert.ok(Math.max(...shown) - Math.min(...shown) <= 2);
    const next = await call("read_file", nextCall(text));
    assert.equal(body(next.text)[0], lines[shown[0] ?? 0]);
  });
});

test("read_multiple_files: as many files as it takes stay within the reply", async () => {
  await withSandbox([reading], async ({ call, put }) => {
    const names = numbered(50, (number) => `file-${number}.txt`);
    await put(Object.fromEntries(names.map((name) => [name, "some words in a row\n".repeat(500)])));
    const { text, isError } = await call("read_multiple_files", { paths: names });
    assert.equal(isError, false);
    assert.ok(text.length <= REPLY_CHARS_MAX);
    assert.doesNotMatch(text, /\[cut here/);
    for (const name of names) assert.ok(text.includes(`/${name}: lines 1-`), name);
    const { isError: refused } = await call("read_multiple_files", { paths: [...names, "one-more.txt"] });
    assert.equal(refused, true);
  });
});
