import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { lstat, mkdir, readdir, readFile, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { WRITE_BYTES_MAX } from "../../lib/limits.ts";
import { encode } from "../../lib/text.ts";
import { manageTools } from "../../tools/files/manage.ts";
import { writeTools } from "../../tools/files/write.ts";
import { type Sandbox, type SandboxOptions, withSandbox } from "../support.ts";

const MODULES = [
  { name: "write", title: "Write", instructions: "", tools: [...writeTools, ...manageTools], prompts: [] },
];

const sandbox = (work: (sandbox: Sandbox) => Promise<void>, options?: SandboxOptions) =>
  withSandbox(MODULES, work, options);

const PNG = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

/** Everything below a folder: paths to contents, folders with a slash, links with their target. */
async function tree(dir: string, prefix = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(dir, prefix), { withFileTypes: true })) {
    const name = prefix + entry.name;
    if (entry.isDirectory()) Object.assign(found, { [`${name}/`]: "" }, await tree(dir, `${name}/`));
    else if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(join(dir, name))}`;
    else found[name] = await readFile(join(dir, name), "utf8");
  }
  return found;
}

test("write_file creates a file and the folders on the way, and names them", async () => {
  await sandbox(async ({ dir, call }) => {
    const path = join(dir, "a", "b", "new.txt");
    const { text, isError } = await call("write_file", { path, content: "one\ntwo\n" });
    assert.equal(isError, false, text);
    assert.equal(
      text,
      `Created ${path}: 2 lines, 8 B\nCreated on the way: ${join(dir, "a")}, ${join(dir, "a", "b")}`,
    );
    assert.deepEqual(await tree(dir), { "a/": "", "a/b/": "", "a/b/new.txt": "one\ntwo\n" });
  });
});

test("write_file replaces a file and says what it was", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "file.txt": "1\n2\n3\n" });
    const path = join(dir, "file.txt");
    const { text } = await call("write_file", { path, content: "x" });
    assert.equal(text, `Replaced ${path}: now 1 line, 1 B; before 3 lines, 6 B`);
    assert.equal(await readFile(path, "utf8"), "x");
  });
});

test("write_file writes exactly what it is given", async () => {
  await sandbox(async ({ dir, call }) => {
    for (
      const content of ["", "\n", "a\r\nb\rc\n", "\ufeffmarked", "no end", "Grüße 🎉 \u202e\t ", "$& \\n"]
    ) {
      const { isError, text } = await call("write_file", { path: join(dir, "file.txt"), content });
      assert.equal(isError, false, text);
      assert.deepEqual(await readFile(join(dir, "file.txt")), Buffer.from(content, "utf8"));
    }
  });
});

test("write_file says when encoding or line endings are different now", async () => {
  await sandbox(async ({ dir, call, put }) => {
    const path = join(dir, "file.txt");
    await put({ "file.txt": "a\r\nb\r\n" });
    const ending = await call("write_file", { path, content: "a\nb\n" });
    assert.match(ending.text, /Its line endings were CRLF and are now LF\.\nIf that is not meant: edit_file/);
    await put({ "file.txt": encode("caf\u00e9\n", { encoding: "latin1", bom: false }) ?? "" });
    const encoding = await call("write_file", { path, content: "caf\u00e9\n" });
    assert.match(encoding.text, /It was Latin-1 \(windows-1252\) and is now UTF-8\./);
    await put({ "file.txt": "\ufeffa\n" });
    const bom = await call("write_file", { path, content: "b\n" });
    assert.match(bom.text, /It was UTF-8 with a byte order mark and is now UTF-8\./);
    const same = await call("write_file", { path, content: "c\n" });
    assert.equal(same.text.split("\n").length, 1, same.text);
  });
});

test("write_file refuses to replace what is not text, unless it is empty", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "image.png": PNG, "empty.png": "", "paper.pdf": "%PDF-1.7\n" });
    const image = await call("write_file", { path: join(dir, "image.png"), content: "text" });
    assert.equal(image.isError, true);
    assert.match(image.text, /it is not text \(PNG image, 16 B\) and would be lost\n.*replaceBinary/);
    assert.deepEqual(await readFile(join(dir, "image.png")), PNG);
    assert.equal((await call("write_file", { path: join(dir, "paper.pdf"), content: "text" })).isError, true);
    assert.equal(
      (await call("write_file", { path: join(dir, "empty.png"), content: "text" })).isError,
      false,
    );
  });
});

test("write_file replaces nothing that it could not look at before", async () => {
  await sandbox(async ({ dir, put, files, caller }) => {
    await put({ "image.png": PNG });
    const path = join(dir, "image.png");
    const unreadable: typeof files = {
      ...files,
      withFile: () => Promise.reject(new ToolError("Cannot read it: permission denied", "Ask the person.")),
    };
    const tool = writeTools.find(({ name }) => name === "write_file");
    await assert.rejects(
      async () => await tool?.run({ path, content: "x" }, { ...await caller.context(), files: unreadable }),
      /permission denied/,
    );
    assert.deepEqual(await readFile(path), PNG);
  });
});

test("write_file refuses too much content and broken characters, and leaves no trace", async () => {
  await sandbox(async ({ dir, call }) => {
    const path = join(dir, "new", "file.txt");
    const much = await call("write_file", { path, content: "x".repeat(WRITE_BYTES_MAX + 1) });
    assert.match(much.text, /content has 9,437,185 bytes, and one call takes 9,437,184\n.*edit_file/);
    const broken = await call("write_file", { path, content: "a\nb\ud83d" });
    assert.match(broken.text, /half of a character \(U\+D83D\) on line 2/);
    assert.deepEqual(await tree(dir), {});
  });
});

test("write_file refuses folders and paths outside", async () => {
  await sandbox(async ({ dir, outside, call, put }) => {
    await put({ "folder/file.txt": "a" });
    const folder = await call("write_file", { path: join(dir, "folder"), content: "x" });
    assert.match(folder.text, /Cannot write .*: it is a folder/);
    const root = await call("write_file", { path: dir, content: "x" });
    assert.match(root.text, /Cannot write .*: it is an allowed folder itself/);
    const away = await call("write_file", { path: join(outside, "x"), content: "x" });
    assert.match(away.text, /outside the allowed folders/);
    const below = await call("write_file", { path: join(dir, "folder", "file.txt", "x"), content: "x" });
    assert.equal(below.isError, true, below.text);
    assert.deepEqual(await tree(dir), { "folder/": "", "folder/file.txt": "a" });
    assert.deepEqual(await tree(outside), {});
  });
});

test("write_file follows links inside, and none that lead outside", async () => {
  await sandbox(async ({ dir, outside, call, put }) => {
    await put({ "real.txt": "a" });
    await symlink("real.txt", join(dir, "inside"));
    await symlink("later.txt", join(dir, "dangling"));
    await symlink(join(outside, "stolen.txt"), join(dir, "outward"));
    assert.equal((await call("write_file", { path: join(dir, "inside"), content: "b" })).isError, false);
    assert.equal((await call("write_file", { path: join(dir, "dangling"), content: "c" })).isError, false);
    const outward = await call("write_file", { path: join(dir, "outward"), content: "d" });
    assert.match(outward.text, /leads outside the allowed folders/);
    assert.deepEqual(await tree(dir), {
      "dangling": "-> later.txt",
      "inside": "-> real.txt",
      "later.txt": "c",
      "outward": `-> ${join(outside, "stolen.txt")}`,
      "real.txt": "b",
    });
    assert.deepEqual(await tree(outside), {});
  });
});

test("write_file: of parallel calls to one path, one whole content remains", async () => {
  await sandbox(async ({ dir, call }) => {
    const path = join(dir, "file.txt");
    const contents = Array.from({ length: 20 }, (_, i) => `${i}\n`.repeat(2_000));
    const replies = await Promise.all(contents.map((content) => call("write_file", { path, content })));
    for (const { text, isError } of replies) assert.equal(isError, false, text);
    assert.equal(replies.filter(({ text }) => text.startsWith("Created ")).length, 1);
    assert.ok(contents.includes(await readFile(path, "utf8")));
    assert.deepEqual(await readdir(dir), ["file.txt"]);
  });
});

test("write tools refuse a folder that is allowed for reading only", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "file.txt": "a" });
    const path = join(dir, "file.txt");
    const destination = join(dir, "other.txt");
    for (
      const [name, args] of [
        ["write_file", { path, content: "b" }],
        ["write_file", { path: join(dir, "new", "x"), content: "b" }],
        ["create_directory", { path: destination }],
        ["move_file", { source: path, destination }],
        ["copy_file", { source: path, destination }],
        ["delete_file", { path }],
      ] as const
    ) {
      const { text, isError } = await call(name, args);
      assert.equal(isError, true, `${name}: ${text}`);
      assert.match(text, /allowed for reading only/, name);
    }
    assert.deepEqual(await tree(dir), { "file.txt": "a" });
  }, { rootReadOnly: true });
});

test("create_directory creates a folder with its parents, and accepts one that exists", async () => {
  await sandbox(async ({ dir, call, put }) => {
    const path = join(dir, "a", "b");
    const first = await call("create_directory", { path });
    assert.equal(first.text, `Created the folder ${path}\nCreated on the way: ${join(dir, "a")}`);
    assert.equal((await call("create_directory", { path })).text, `${path} exists already`);
    assert.equal((await call("create_directory", { path: dir })).isError, false);
    await put({ "file.txt": "" });
    const taken = await call("create_directory", { path: join(dir, "file.txt") });
    assert.equal(taken.isError, true);
    assert.match(taken.text, /it is a file, not a folder/);
  });
});

test("move_file renames files and folders and moves them into new folders", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "a.txt": "a", "folder/b.txt": "b" });
    const destination = join(dir, "new", "deep", "c.txt");
    const file = await call("move_file", { source: join(dir, "a.txt"), destination });
    assert.match(file.text, /^Moved the file .*a\.txt to .*c\.txt\nCreated on the way: .*new, .*deep$/);
    const folder = await call("move_file", {
      source: join(dir, "folder"),
      destination: join(dir, "renamed"),
    });
    assert.match(folder.text, /^Moved the folder /);
    assert.deepEqual(await tree(dir), {
      "new/": "",
      "new/deep/": "",
      "new/deep/c.txt": "a",
      "renamed/": "",
      "renamed/b.txt": "b",
    });
  });
});

test("move_file and copy_file never overwrite, and say how to put something into a folder", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "a.txt": "a", "b.txt": "b", "folder/x": "x" });
    const source = join(dir, "a.txt");
    for (const tool of ["move_file", "copy_file"]) {
      const taken = await call(tool, { source, destination: join(dir, "b.txt") });
      assert.match(taken.text, /b\.txt": something is there already/, tool);
      const folder = await call(tool, { source, destination: join(dir, "folder") });
      assert.match(folder.text, /is a folder that exists/, tool);
      assert.ok(folder.text.includes(`set destination to "${join(dir, "folder", "a.txt")}"`), folder.text);
      const same = await call(tool, { source, destination: source });
      assert.match(same.text, /source and destination are the same/, tool);
      const inside = await call(tool, {
        source: join(dir, "folder"),
        destination: join(dir, "folder", "new", "folder"),
      });
      assert.match(inside.text, /into itself/, tool);
    }
    assert.deepEqual(await tree(dir), { "a.txt": "a", "b.txt": "b", "folder/": "", "folder/x": "x" });
  });
});

test("move_file, copy_file and delete_file name the nearest when the source is missing", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "report.txt": "a" });
    const source = join(dir, "reprot.txt");
    const destination = join(dir, "new", "x.txt");
    for (
      const [name, args] of [
        ["move_file", { source, destination }],
        ["copy_file", { source, destination }],
        ["delete_file", { path: source }],
      ] as const
    ) {
      assert.match((await call(name, args)).text, /no such file or folder\nNearest: report\.txt/, name);
    }
    assert.deepEqual(await tree(dir), { "report.txt": "a" }, "no folder was made for nothing");
  });
});

test("move_file, copy_file and delete_file refuse an allowed folder itself", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "a.txt": "a" });
    for (
      const [name, args] of [
        ["move_file", { source: dir, destination: join(dir, "new", "x") }],
        ["copy_file", { source: dir, destination: join(dir, "new", "x") }],
        ["delete_file", { path: dir, recursive: true }],
      ] as const
    ) {
      const { text, isError } = await call(name, args);
      assert.equal(isError, true, name);
      assert.match(text, /it is an allowed folder itself/, name);
    }
    assert.deepEqual(await tree(dir), { "a.txt": "a" });
  });
});

test("copy_file copies files byte for byte, folders whole, and links as links", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "image.png": PNG, "folder/a.txt": "a", "folder/deep/b.txt": "bb" });
    await symlink("a.txt", join(dir, "folder", "link"));
    const file = await call("copy_file", {
      source: join(dir, "image.png"),
      destination: join(dir, "copy.png"),
    });
    assert.match(file.text, /^Copied the file .* to .*copy\.png \(16 B\)$/);
    assert.deepEqual(await readFile(join(dir, "copy.png")), PNG);
    const folder = await call("copy_file", { source: join(dir, "folder"), destination: join(dir, "twin") });
    assert.match(folder.text, /^Copied the folder .* with 4 entries \(3 B\)$/);
    assert.deepEqual(await tree(join(dir, "twin")), await tree(join(dir, "folder")));
  });
});

test("delete_file deletes files and empty folders, and of a link only the link", async () => {
  await sandbox(async ({ dir, call, put }) => {
    await put({ "a.txt": "abc", "kept.txt": "kept" });
    await mkdir(join(dir, "empty"));
    await symlink("kept.txt", join(dir, "link"));
    assert.match(
      (await call("delete_file", { path: join(dir, "a.txt") })).text,
      /^Deleted the file .* \(3 B\)$/,
    );
    assert.match(
      (await call("delete_file", { path: join(dir, "empty") })).text,
      /^Deleted the folder .* \(empty\)$/,
    );
    assert.match((await call("delete_file", { path: join(dir, "link") })).text, /^Deleted the link .*link$/);
    assert.deepEqual(await tree(dir), { "kept.txt": "kept" });
  });
});

test("delete_file wants recursive for a folder with contents and counts its entries", async () => {
  await sandbox(async ({ dir, outside, call, put }) => {
    await put({ "folder/a.txt": "a", "folder/deep/b.txt": "b" });
    await symlink(outside, join(dir, "folder", "away"));
    const path = join(dir, "folder");
    const refused = await call("delete_file", { path });
    assert.equal(refused.isError, true);
    assert.match(refused.text, /it holds 4 entries\n.*recursive/);
    assert.equal((await lstat(join(path, "deep", "b.txt"))).isFile(), true);
    const done = await call("delete_file", { path, recursive: true });
    assert.match(done.text, /^Deleted the folder .* with 4 entries \(2 B\)$/);
    assert.deepEqual(await tree(dir), {});
    assert.equal((await lstat(outside)).isDirectory(), true);
  });
});

test("write tools show a name that could mislead in an unmistakable form", async () => {
  await sandbox(async ({ dir, call }) => {
    const path = join(dir, "a\u202etxt.exe");
    const { text } = await call("write_file", { path, content: "x" });
    assert.ok(text.includes("a\\u202etxt.exe"), text);
    assert.ok(!text.includes("\u202e"));
  });
});
