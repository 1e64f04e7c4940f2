import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chmod, lstat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { EDIT_PLACES_MAX, REPLY_CHARS_MAX, WHOLE_FILE_BYTES_MAX } from "../../lib/limits.ts";
import { editTools } from "../../tools/files/edit.ts";
import { EDITING, refuses, withFile } from "../rig/edit.ts";
import { withSandbox } from "../support.ts";

test("edit_file replaces a passage that occurs once and answers with a unified diff", async () => {
  await withFile("one\ntwo\nthree\n", async (edit, read, { dir }) => {
    const { text, isError } = await edit({ oldText: "two", newText: "2" });
    assert.equal(isError, false, text);
    const path = join(dir, "file.txt");
    assert.equal(
      text,
      `Edited ${path}: 1 edit in 1 place\n\`\`\`diff\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n\`\`\``,
    );
    assert.equal(String(await read()), "one\n2\nthree\n");
  });
});

test("edit_file makes edits in order, each on the result of the one before", async () => {
  await withFile("a\nb\n", async (edit, read) => {
    const { text } = await edit(
      { oldText: "a", newText: "b1" },
      { oldText: "b1\nb", newText: "c\nd\ne" },
      { oldText: "d", newText: "D" },
    );
    assert.match(text, /3 edits in 1 place, 1 line more/);
    assert.equal(String(await read()), "c\nD\ne\n");
  });
});

test("edit_file writes nothing when one of several edits fails", async () => {
  await refuses(
    "a\nb\n",
    [{ oldText: "a", newText: "x" }, { oldText: "nowhere", newText: "y" }],
    /oldText of edit 2 of 2 is not in the file/,
    /Nothing was written/,
  );
});

test("edit_file says when an edit before changed the passage it looks for", async () => {
  await refuses(
    "alpha beta\n",
    [{ oldText: "alpha", newText: "gamma" }, { oldText: "alpha beta", newText: "x" }],
    /It is on line 1 of the file, but an edit before it changes that place/,
  );
});

test("edit_file with dryRun shows the same diff, says so and writes nothing", async () => {
  await withFile("one\ntwo\n", async (edit, read, { dir, call }) => {
    const path = join(dir, "file.txt");
    const edits = [{ oldText: "two", newText: "2" }];
    const before = (await lstat(path, { bigint: true })).ctimeNs;
    const dry = await call("edit_file", { path, edits, dryRun: true });
    assert.match(dry.text, /^Would edit .*\(dry run: nothing was written\)\n/);
    assert.equal(String(await read()), "one\ntwo\n");
    assert.equal((await lstat(path, { bigint: true })).ctimeNs, before);
    const wet = await edit(...edits);
    assert.equal(dry.text.slice(dry.text.indexOf("```")), wet.text.slice(wet.text.indexOf("```")));
  });
});

test("edit_file refuses several matches with their line numbers", async () => {
  await refuses(
    "x = 1\ny = 2\nx = 1\n\nx = 1\n",
    { oldText: "x = 1", newText: "x = 2" },
    /oldText of the edit occurs 3 times/,
    /lines 1, 3, 5\./,
    /neighbouring lines.*replaceAll/,
  );
  await refuses("aaa", { oldText: "aa", newText: "b" }, /occurs 2 times/);
  const many = "x\n".repeat(5_000);
  await refuses(many, { oldText: "x", newText: "y" }, /more than 1,000 times/, /8, 9, 10, …/);
});

test("edit_file with replaceAll replaces every match, those that do not overlap", async () => {
  await withFile("aaaaa b aa\n", async (edit, read) => {
    const { text } = await edit({ oldText: "aa", newText: "c", replaceAll: true });
    assert.match(text, /1 edit in 2 places/);
    assert.equal(String(await read()), "cca b c\n");
  });
});

test("edit_file with replaceAll still needs one match", async () => {
  await refuses("abc\n", { oldText: "x", newText: "y", replaceAll: true }, /is not in the file/);
});

test("edit_file refuses an empty oldText, and edits without effect, with advice", async () => {
  await refuses("a\n", { oldText: "", newText: "b" }, /oldText of the edit is empty/, /To insert text/);
  await refuses("a\n", { oldText: "a", newText: "a" }, /oldText and newText of the edit are the same\n/);
  await refuses(
    "a\r\nb\r\n",
    { oldText: "a\r\nb", newText: "a\nb" },
    /the same but for line endings, which an edit keeps/,
    /Use write_file/,
  );
});

test("edit_file takes newText literally", async () => {
  for (const newText of ["$&", "$1 $$ $` $'", "\\n", "${x}", "%s"]) {
    await withFile("a X b\n", async (edit, read) => {
      await edit({ oldText: "X", newText });
      assert.equal(String(await read()), `a ${newText} b\n`);
    });
  }
});

test("edit_file explains a near miss with lines and what differs", async () => {
  const source = "def f(x):\n\tif x:\n\t\treturn 1\n\treturn 2\n";
  await refuses(
    source,
    { oldText: "    if x:\n        return 1", newText: "pass" },
    /Lines 2-3 are the same but for indentation \(tabs in the file, spaces in oldText\)/,
    /\n\tif x:\n\t\treturn 1\n/,
    /First difference, line 2: the file has "\\tif x:", oldText " {4}if x:"/,
  );
  await refuses(source, { oldText: "DEF F(X):", newText: "" }, /Line 1 is the same but for letter case/);
  await refuses(source, { oldText: "\treturn 3", newText: "" }, /Line [34] is \d\d % alike/);
  await refuses(
    source,
    { oldText: "unheard of", newText: "" },
    /Nothing in the file is like it.*search_text/,
  );
  await refuses("", { oldText: "a", newText: "b" }, /The file is empty: use write_file/);
});

test("edit_file recognises an edit that was made before, and text escaped once too often", async () => {
  await refuses(
    "a\nconst answer = 42;\n",
    { oldText: "const answer = 41;", newText: "const answer = 42;" },
    /newText is there already, on line 2/,
  );
  await refuses(
    'say("hello");\nsay("world");\n',
    { oldText: 'say(\\"hello\\");\\nsay(', newText: "x" },
    /escaped once too often: line 1/,
  );
});

test("edit_file shows of a large passage the part that differs, within the reply's budget", async () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `\tvalue ${i} ${"=".repeat(40)}`);
  const oldText = lines.map((line, i) => i === 1_500 ? line.replace("\t", "  ") : line).join("\n");
  await withFile(`${lines.join("\n")}\n`, async (edit) => {
    const { text } = await edit({ oldText, newText: "x" });
    assert.match(text, /Lines 1-2,000 are the same but for indentation/);
    assert.match(text, /shown from line 1,498 on/);
    assert.match(text, /First difference, line 1,501: the file has "\\tvalue 1500 /);
    assert.ok(text.length < 3_000, `${text.length} characters`);
  });
});

test("edit_file refuses binary files and names their kind", async () => {
  const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
  await refuses(png, { oldText: "IHDR", newText: "x" }, /it is not text \(PNG image\)/);
  await refuses(Buffer.from("a\0b"), { oldText: "a", newText: "x" }, /it is not text \(binary data\)/);
});

test("edit_file refuses a file that is too large, with its size", async () => {
  await withSandbox([EDITING], async ({ dir, call, put }) => {
    await put({ "big.txt": Buffer.alloc(WHOLE_FILE_BYTES_MAX + 1, "a") });
    const edits = [{ oldText: "b", newText: "c" }];
    const { text, isError } = await call("edit_file", { path: join(dir, "big.txt"), edits });
    assert.equal(isError, true);
    assert.match(text, /it has 21 MB, and an edit takes up to 21 MB\n.*search_text/);
  });
});

test("edit_file fences a diff that contains fences", async () => {
  await withFile("````md\nold\n````\n", async (edit) => {
    const { text } = await edit({ oldText: "old", newText: "`new`" });
    assert.match(text, /\n`````diff\n@@ [^]*\n {1}````\n`````$/);
  });
});

test("edit_file cuts a long diff, says where and which call shows the rest", async () => {
  await withFile(
    Array.from({ length: 5_000 }, (_, i) => `line ${i}\n`).join(""),
    async (edit, _, { dir, call }) => {
      const path = join(dir, "file.txt");
      const edits = [{ oldText: "line", newText: "row", replaceAll: true }];
      const dry = await call("edit_file", { path, edits, dryRun: true });
      assert.match(dry.text, /The diff is cut at line \d+\. To see more, try fewer edits at a time\.$/);
      const { text } = await edit(...edits);
      const [, line, offset] = /cut at line (\d+)\. The rest: read_file .*"offset":(\d+)\}$/.exec(text) ?? [];
      assert.ok(line !== undefined && line === offset, text.slice(-200));
      assert.match(text, /1 edit in 5,000 places/);
      assert.ok(text.length < REPLY_CHARS_MAX / 2);
    },
  );
});

test("edit_file accepts edits as a JSON string and a single edit, as models send them", async () => {
  await withFile("a b\n", async (_, read, { dir, call }) => {
    const path = join(dir, "file.txt");
    await call("edit_file", { path, edits: JSON.stringify([{ oldText: "a", newText: "1" }]), dryRun: null });
    await call("edit_file", { path, edits: { oldText: "b", newText: "2", replaceAll: "true" } });
    assert.equal(String(await read()), "1 2\n");
  });
});

test("edit_file loses none of 30 parallel edits of one file", async () => {
  const content = Array.from({ length: 30 }, (_, i) => `value ${i}.\n`).join("");
  await withFile(content, async (edit, read) => {
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, i) => edit({ oldText: `value ${i}.`, newText: `changed ${i}!` })),
    );
    for (const { text, isError } of replies) assert.equal(isError, false, text);
    assert.equal(String(await read()), Array.from({ length: 30 }, (_, i) => `changed ${i}!\n`).join(""));
  });
});

test("edit_file refuses when the file changes between reading and writing", async () => {
  await withFile("a\n", async (_, read, { dir, files, caller }) => {
    const path = join(dir, "file.txt");
    const disturbed: typeof files = {
      ...files,
      withFile: async (name, work) => {
        const result = await files.withFile(name, work);
        await writeFile(path, "somebody else was here: a\n");
        return result;
      },
    };
    const [tool] = editTools;
    const args = { path, edits: [{ oldText: "a", newText: "b" }] };
    await assert.rejects(
      async () => await tool?.run(args, { ...(await caller.context()), files: disturbed }),
      /was changed meanwhile/,
    );
    assert.equal(String(await read()), "somebody else was here: a\n");
  });
});

test("edit_file through a link changes the file it leads to and keeps the link", async () => {
  await withFile("a\n", async (_, read, { dir, call }) => {
    await symlink("file.txt", join(dir, "link.txt"));
    await call("edit_file", { path: join(dir, "link.txt"), edits: [{ oldText: "a", newText: "b" }] });
    assert.equal(String(await read()), "b\n");
    assert.ok((await lstat(join(dir, "link.txt"))).isSymbolicLink());
  });
});

test("edit_file writes nothing once the call is cancelled", async () => {
  await withFile("a\n", async (_, read, { dir, caller }) => {
    const controller = new AbortController();
    const args = { path: join(dir, "file.txt"), edits: [{ oldText: "a", newText: "b" }] };
    const call = caller.call("edit_file", args, { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, { name: "CancelledError" });
    // The next edit waits for whatever the cancelled one still does.
    await caller.call("edit_file", { ...args, dryRun: true });
    assert.equal(String(await read()), "a\n");
  });
});

test("edit_file keeps the mode of the file", async () => {
  await withFile("#!/bin/sh\n", async (edit, _, { dir }) => {
    await chmod(join(dir, "file.txt"), 0o750);
    await edit({ oldText: "sh", newText: "bash" });
    assert.equal(
      (await lstat(join(dir, "file.txt"))).mode & 0o777,
      process.platform === "win32" ? 0o666 : 0o750,
    );
  });
});

test("edit_file names the nearest file when there is none, and refuses paths outside", async () => {
  await withFile("a\n", async (_, __, { dir, outside, call }) => {
    const edits = [{ oldText: "a", newText: "b" }];
    const missing = await call("edit_file", { path: join(dir, "fiel.txt"), edits });
    assert.match(missing.text, /no such file or folder\nNearest: file\.txt/);
    const away = await call("edit_file", { path: join(outside, "x"), edits });
    assert.match(away.text, /outside the allowed folders/);
  });
});

test("edit_file refuses an edit that would fill the memory", async () => {
  const many = "a".repeat(30_000);
  await refuses(
    many,
    { oldText: "a", newText: "b".repeat(1_000), replaceAll: true },
    /the edit makes the text 30,000,000 characters long, and 20,971,520 is the most/,
  );
  await refuses(
    " ".repeat(EDIT_PLACES_MAX + 1),
    { oldText: " ", newText: "b", replaceAll: true },
    /the edit replaces more than 1,000,000 places/,
  );
});
