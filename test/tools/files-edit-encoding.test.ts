import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { encode, type Form } from "../../lib/text.ts";
import { EDITING, refuses, withFile } from "../rig/edit.ts";
import { createRandom } from "../rig/random.ts";
import { withSandbox } from "../support.ts";

test("edit_file matches \\n with CRLF and writes CRLF", async () => {
  await withFile("one\r\ntwo\r\nthree\r\n", async (edit, read) => {
    await edit({ oldText: "one\ntwo", newText: "1\n1b\n2" }, { oldText: "three\r\n", newText: "3\r\n4\n" });
    assert.equal(String(await read()), "1\r\n1b\r\n2\r\n3\r\n4\r\n");
  });
});

test("edit_file keeps each line's own ending in a file of mixed endings", async () => {
  await withFile("a\r\nb\r\nc\nd\ne", async (edit, read) => {
    await edit({ oldText: "b\nc", newText: "B\nx\nc" }, { oldText: "d", newText: "d\ny" });
    assert.equal(String(await read()), "a\r\nB\r\nx\r\nc\nd\ny\ne");
  });
});

test("edit_file keeps tabs, trailing white space and a missing final line end", async () => {
  await withFile("\ta \t\n\n  b\t\nlast", async (edit, read) => {
    await edit({ oldText: "  b", newText: "\tB" });
    assert.equal(String(await read()), "\ta \t\n\n\tB\t\nlast");
  });
});

test("edit_file keeps the encoding and the byte order mark", async () => {
  const forms: Form[] = [
    { encoding: "utf-8", bom: true },
    { encoding: "utf-16le", bom: true },
    { encoding: "utf-16be", bom: true },
    { encoding: "utf-16le", bom: false },
    { encoding: "latin1", bom: false },
  ];
  const words = "first café line, plain enough\r\nsecond “line”\r\n";
  for (const form of forms) {
    await withFile(encode(words, form) ?? Buffer.alloc(0), async (edit, read) => {
      const { text, isError } = await edit({ oldText: "plain enough\nsecond", newText: "plain\nü\nthird" });
      assert.equal(isError, false, text);
      const expected = encode("first café line, plain\r\nü\r\nthird “line”\r\n", form) ?? [];
      assert.deepEqual([...await read()], [...expected], form.encoding);
    });
  }
});

test("edit_file refuses a character that the file's encoding lacks, and names it", async () => {
  const latin = encode("café\n", { encoding: "latin1", bom: false }) ?? Buffer.alloc(0);
  await refuses(
    latin,
    { oldText: "caf", newText: "a\nb → c" },
    /newText of the edit has "→" \(U\+2192\) on line 2, which Latin-1 \(windows-1252\) cannot express/,
    /write_file to store the whole file as UTF-8/,
  );
  await refuses("abc\n", { oldText: "b", newText: "\ud83d" }, /U\+D83D, half of a character/);
  const wide = encode("abc\n", { encoding: "utf-16le", bom: true }) ?? Buffer.alloc(0);
  await refuses(wide, { oldText: "b", newText: "\ud83d" }, /U\+D83D, half of a character/);
});

test("edit_file never cuts a character in half", async () => {
  await refuses("🎉\n", { oldText: "\ud83c", newText: "x" }, /Nothing was written/);
});

test("edit_file refuses new text that would make the file binary", async () => {
  await refuses("abc\n", { oldText: "b", newText: "\0" }, /would not be read back as the same text/);
});

test("edit_file refuses new text that would make Latin-1 look like UTF-8", async () => {
  const latin = encode("\u00e9\n", { encoding: "latin1", bom: false }) ?? Buffer.alloc(0);
  await refuses(
    latin,
    { oldText: "\u00e9", newText: "\u00c3\u00a9" },
    /would not be read back as the same text/,
  );
});

test("edit_file leaves every byte outside the edited places as it was, in any encoding", async () => {
  const random = createRandom();
  const forms: Form[] = [
    { encoding: "utf-8", bom: false },
    { encoding: "utf-8", bom: true },
    { encoding: "utf-16le", bom: true },
    { encoding: "utf-16be", bom: true },
    { encoding: "latin1", bom: false },
  ];
  const bytesOf = (text: string, { encoding }: Form) =>
    Buffer.from(encode(text, { encoding, bom: false }) ?? []);
  await withSandbox([EDITING], async ({ dir, call, put }) => {
    for (let round = 0; round < 120; round++) {
      const form = random.pick(forms);
      const word = () => random.pick(["a", "é", "  ", "\t", "“x”", "\n", "\r\n", "\r\n", "b\n", "ß"]);
      const before = `é${random.list(40, word).join("")}`;
      const after = random.list(40, word).join("");
      const inserted = random.pick(["new", "", "two words", "ü"]);
      await put({ "file.txt": encode(`${before}<<old>>${after}`, form) ?? Buffer.alloc(0) });
      const edits = [{ oldText: "<<old>>", newText: inserted }];
      const path = join(dir, "file.txt");
      const { text, isError } = await call("edit_file", { path, edits });
      const about = `seed ${random.seed}, round ${round}, ${form.encoding}: ${text}`;
      assert.equal(isError, false, about);
      const stored = await readFile(path);
      const mark = form.bom ? (form.encoding === "utf-8" ? 3 : 2) : 0;
      assert.deepEqual(stored.subarray(mark), bytesOf(before + inserted + after, form), about);
      assert.deepEqual(stored.subarray(0, mark), Buffer.from(encode("", form) ?? []), about);
    }
  });
});
