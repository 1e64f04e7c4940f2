import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmod,
  link,
  lstat,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import type { Files } from "../../lib/fs/types.ts";
import { withSandbox } from "../support.ts";

const NEVER = new AbortController().signal;
const bytes = (value: string) => new TextEncoder().encode(value);

/** Reads a whole small file through the layer. */
async function read(files: Files, path: string): Promise<string> {
  return await files.withFile(path, async (file) => {
    const buffer = new Uint8Array(file.info.size);
    const length = await file.read(buffer, 0);
    return new TextDecoder().decode(buffer.subarray(0, length));
  });
}

function refusal(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ToolError, `expected a ToolError, got ${String(error)}`);
    assert.match(`${error.message}\n${error.next}`, pattern);
    return true;
  };
}

test("links inside are followed; those that lead outside are refused, target or not", async () => {
  await withSandbox([], async ({ files, dir, outside, put }) => {
    await put({ "real/a.txt": "inside" });
    await writeFile(join(outside, "secret.txt"), "secret");
    await symlink("real", join(dir, "in"));
    await symlink(outside, join(dir, "out"));
    await symlink(join(outside, "secret.txt"), join(dir, "leak"));
    await symlink(join(outside, "absent.txt"), join(dir, "dangling"));
    await symlink("../allowed-not", join(dir, "relative"));
    await symlink("loop", join(dir, "loop"));
    assert.equal(await read(files, join(dir, "in/a.txt")), "inside");
    for (
      const path of ["leak", "dangling", "out/secret.txt", "out/absent.txt", "relative/secret.txt", "out/x/y"]
    ) {
      await assert.rejects(read(files, join(dir, path)), refusal(/leads outside/), path);
      await assert.rejects(files.write(join(dir, path), bytes("x")), refusal(/leads outside/), path);
    }
    for (const path of ["out", "relative"]) {
      await assert.rejects(
        files.withFolder(join(dir, path), (folder) => folder.entries()),
        refusal(/leads outside/),
      );
      await assert.rejects(files.createFolder(join(dir, path, "new")), refusal(/leads outside/));
      await assert.rejects(files.info(join(dir, path, "secret.txt")), refusal(/leads outside/));
      await assert.rejects(
        files.remove(join(dir, path, "secret.txt"), true, NEVER),
        refusal(/leads outside/),
      );
      await assert.rejects(
        files.move(join(dir, "real"), join(dir, path, "m"), NEVER),
        refusal(/leads outside/),
      );
      await assert.rejects(
        files.copy(join(dir, path, "secret.txt"), join(dir, "c"), NEVER),
        refusal(/leads outside/),
      );
    }
    await assert.rejects(read(files, join(dir, "loop")), refusal(/circle/));
    assert.deepEqual(await readdir(outside), ["secret.txt"]);
    assert.equal(await readFile(join(outside, "secret.txt"), "utf8"), "secret");
  });
});

test("children of an open folder are never reached through links", async () => {
  await withSandbox([], async ({ files, dir, outside, put }) => {
    await put({ "a/b.txt": "b" });
    await writeFile(join(outside, "secret.txt"), "secret");
    await symlink(outside, join(dir, "a/out"));
    await symlink("b.txt", join(dir, "a/in"));
    await files.withFolder(join(dir, "a"), async (folder) => {
      assert.deepEqual((await folder.entries()).map((entry) => `${entry.name} ${entry.kind}`), [
        "b.txt file",
        "in link",
        "out link",
      ]);
      assert.equal((await folder.info("in")).kind, "link");
      await assert.rejects(folder.withFolder("out", (inner) => inner.entries()));
      await assert.rejects(folder.withFile("in", () => Promise.resolve(1)));
      for (const name of ["..", ".", "", "out/secret.txt", "../allowed-not"]) {
        await assert.rejects(folder.info(name), refusal(/as a name/), name);
      }
    });
  });
});

test("pipes, sockets and devices are refused at once", async () => {
  await withSandbox([], async ({ files, dir }) => {
    execFileSync("mkfifo", [join(dir, "pipe")]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(dir, "socket"), resolve));
    try {
      for (const name of ["pipe", "socket"]) {
        await assert.rejects(read(files, join(dir, name)), refusal(/pipe, socket or device/), name);
        await assert.rejects(
          files.write(join(dir, name), bytes("x")),
          refusal(/pipe, socket or device/),
          name,
        );
        await assert.rejects(
          files.copy(join(dir, name), join(dir, "c"), NEVER),
          refusal(/pipe, socket or device/),
          name,
        );
      }
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    const { roots } = openRoots([{ path: "/dev", readOnly: false }]);
    await assert.rejects(read(createFiles(roots), "/dev/zero"), refusal(/pipe, socket or device/));
  });
});

test("a missing name is answered with the nearest ones, a missing folder with its name", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "src/main.ts": "" });
    await assert.rejects(
      read(files, join(dir, "src/mian.ts")),
      refusal(/no such file or folder\nNearest: main\.ts/),
    );
    await assert.rejects(read(files, join(dir, "sro/x/mian.ts")), refusal(/nor the folder ".*sro\/x"/));
    await assert.rejects(read(files, join(dir, "src")), refusal(/it is a folder\nUse list_directory/));
    await assert.rejects(
      files.withFolder(join(dir, "src/main.ts"), (f) => f.entries()),
      refusal(/it is a file, not a folder/),
    );
    await assert.rejects(read(files, join(dir, "src/main.ts/x")), refusal(/no such file/));
  });
});

test("write creates with parents, replaces whole, keeps the mode and leaves no temporary file", async () => {
  await withSandbox([], async ({ files, dir }) => {
    const path = join(dir, "a/b/run.sh");
    const folders = [join(dir, "a"), join(dir, "a/b")];
    assert.deepEqual(await files.write(path, bytes("one")), { created: true, sizeBefore: 0, folders });
    await chmod(path, 0o754);
    assert.deepEqual(await files.write(path, bytes("three")), { created: false, sizeBefore: 3, folders: [] });
    assert.equal((await stat(path)).mode & 0o7777, 0o754);
    assert.equal(await readFile(path, "utf8"), "three");
    await assert.rejects(files.write(path, bytes("x"), { createOnly: true }), refusal(/there already/));
    await assert.rejects(files.write(join(dir, "a"), bytes("x")), refusal(/it is a folder/));
    await assert.rejects(files.write(dir, bytes("x")), refusal(/allowed folder itself/));
    assert.deepEqual(await readdir(join(dir, "a/b")), ["run.sh"]);
  });
});

test("write refuses to replace a file that changed since it was read", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "f.txt": "one" });
    const path = join(dir, "f.txt");
    const { identity } = await files.info(path);
    await writeFile(path, "two");
    await utimes(path, 1, 1);
    await assert.rejects(
      files.write(path, bytes("x"), { replaces: identity }),
      refusal(/changed meanwhile/),
    );
    await rm(path);
    await assert.rejects(
      files.write(path, bytes("x"), { replaces: identity }),
      refusal(/changed meanwhile/),
    );
    assert.deepEqual(await readdir(dir), []);
  });
});

test("write through a link inside changes its target and keeps the link", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "real/a.txt": "old" });
    await symlink("real/a.txt", join(dir, "link"));
    await symlink("real/new.txt", join(dir, "fresh"));
    await files.write(join(dir, "link"), bytes("new"));
    await files.write(join(dir, "fresh"), bytes("made"));
    assert.equal(await readlink(join(dir, "link")), "real/a.txt");
    assert.equal(await readFile(join(dir, "real/a.txt"), "utf8"), "new");
    assert.equal(await readFile(join(dir, "real/new.txt"), "utf8"), "made");
  });
});

test("write to a file with a second hard link leaves the other name with the old content", async () => {
  await withSandbox([], async ({ files, dir, outside }) => {
    await writeFile(join(outside, "theirs"), "old");
    await link(join(outside, "theirs"), join(dir, "ours"));
    await files.write(join(dir, "ours"), bytes("new"));
    assert.equal(await readFile(join(outside, "theirs"), "utf8"), "old");
  });
});

test("a read-only folder can be read and copied from only; the innermost folder decides", async () => {
  await withSandbox([], async ({ dir, put }) => {
    await put({ "a.txt": "a", "open/b.txt": "b" });
    const { roots } = openRoots([{ path: dir, readOnly: true }, {
      path: join(dir, "open"),
      readOnly: false,
    }]);
    const files = createFiles(roots);
    assert.equal(await read(files, join(dir, "a.txt")), "a");
    await files.copy(join(dir, "a.txt"), join(dir, "open/copy.txt"), NEVER);
    const changes = [
      () => files.write(join(dir, "a.txt"), bytes("x")),
      () => files.write(join(dir, "new/deep.txt"), bytes("x")),
      () => files.createFolder(join(dir, "new")),
      () => files.move(join(dir, "a.txt"), join(dir, "open/a.txt"), NEVER),
      () => files.move(join(dir, "open/b.txt"), join(dir, "b.txt"), NEVER),
      () => files.copy(join(dir, "open/b.txt"), join(dir, "b.txt"), NEVER),
      () => files.remove(join(dir, "a.txt"), false, NEVER),
    ];
    for (const change of changes) await assert.rejects(change(), refusal(/for reading only/));
    assert.deepEqual((await readdir(dir)).sort(), ["a.txt", "open"]);
  });
});

test("move renames, refuses to overwrite, and never moves a folder into itself", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "a.txt": "a", "b.txt": "b", "d/x.txt": "x", "e/keep": "" });
    await files.move(join(dir, "a.txt"), join(dir, "new/c.txt"), NEVER);
    assert.equal(await readFile(join(dir, "new/c.txt"), "utf8"), "a");
    await assert.rejects(
      files.move(join(dir, "b.txt"), join(dir, "new/c.txt"), NEVER),
      refusal(/there already/),
    );
    await assert.rejects(files.move(join(dir, "d"), join(dir, "e"), NEVER), refusal(/there already/));
    await assert.rejects(files.move(join(dir, "d"), join(dir, "d/inner"), NEVER), refusal(/into itself/));
    await assert.rejects(files.move(dir, join(dir, "x"), NEVER), refusal(/allowed folder itself/));
    await assert.rejects(files.move(join(dir, "b.tx"), join(dir, "x"), NEVER), refusal(/Nearest: b\.txt/));
    await files.move(join(dir, "d"), join(dir, "f"), NEVER);
    assert.equal(await readFile(join(dir, "f/x.txt"), "utf8"), "x");
    assert.equal(await readFile(join(dir, "b.txt"), "utf8"), "b");
  });
});

test("move onto the same name is refused or harmless, and the file is still there", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "same.txt": "here", "folder/x": "x" });
    await files.move(join(dir, "same.txt"), join(dir, "same.txt"), NEVER);
    await files.move(join(dir, "folder"), join(dir, "folder"), NEVER);
    assert.equal(await readFile(join(dir, "same.txt"), "utf8"), "here");
    assert.equal(await readFile(join(dir, "folder/x"), "utf8"), "x");
  });
});

test("move between two names of one file keeps the file", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({ "one": "here" });
    await link(join(dir, "one"), join(dir, "two"));
    await files.move(join(dir, "one"), join(dir, "two"), NEVER);
    assert.equal(await readFile(join(dir, "two"), "utf8"), "here");
  });
});

test("copy takes a whole folder, links as links, modes kept, and appears only when complete", async () => {
  await withSandbox([], async ({ files, dir, outside, put }) => {
    await put({ "d/a.txt": "aa", "d/e/b.sh": "b" });
    await chmod(join(dir, "d/e/b.sh"), 0o750);
    await symlink(join(outside, "secret"), join(dir, "d/out"));
    const copied = await files.copy(join(dir, "d"), join(dir, "x/copy"), NEVER);
    assert.deepEqual(copied, { entries: 5, bytes: 3, folders: [join(dir, "x")] });
    assert.equal(await readlink(join(dir, "x/copy/out")), join(outside, "secret"));
    assert.equal((await stat(join(dir, "x/copy/e/b.sh"))).mode & 0o777, 0o750);
    await assert.rejects(files.copy(join(dir, "d"), join(dir, "x/copy"), NEVER), refusal(/there already/));
    await assert.rejects(files.copy(join(dir, "d"), join(dir, "d/e/f"), NEVER), refusal(/into itself/));
    await assert.rejects(files.copy(join(dir, "d"), join(dir, "y"), AbortSignal.abort()));
    assert.deepEqual((await readdir(dir)).sort(), ["d", "x"]);
    execFileSync("mkfifo", [join(dir, "d/e/pipe")]);
    await assert.rejects(
      files.copy(join(dir, "d"), join(dir, "y"), NEVER),
      refusal(/pipe, socket or device/),
    );
    assert.deepEqual((await readdir(dir)).sort(), ["d", "x"]);
  });
});

test("remove deletes a link, not its target, and a full folder only when asked to", async () => {
  await withSandbox([], async ({ files, dir, outside, put }) => {
    await put({ "d/a.txt": "aa", "d/e/b.txt": "b" });
    await writeFile(join(outside, "keep.txt"), "keep");
    await symlink(outside, join(dir, "d/out"));
    await assert.rejects(
      files.remove(join(dir, "d"), false, NEVER),
      refusal(/holds 4 entries[^]*recursive to true/),
    );
    await assert.rejects(files.remove(dir, true, NEVER), refusal(/allowed folder itself/));
    assert.deepEqual(await files.remove(join(dir, "d"), true, NEVER), { entries: 5, bytes: 3 });
    assert.equal(await readFile(join(outside, "keep.txt"), "utf8"), "keep");
    await assert.rejects(lstat(join(dir, "d")));
  });
});

test("exclusive runs work on one path in order and never deadlocks on two", async () => {
  await withSandbox([], async ({ files }) => {
    const order: number[] = [];
    const step = (n: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      order.push(n);
    };
    await Promise.all([
      files.exclusive(["a", "b"], step(1)),
      files.exclusive(["b", "a"], step(2)),
      files.exclusive(["a"], step(3)),
      files.exclusive(["a"], () => Promise.reject(new Error("mine alone"))).catch(() => order.push(0)),
      files.exclusive(["a", "a"], step(4)),
    ]);
    assert.deepEqual(order.filter((n) => n > 0), [1, 2, 3, 4]);
  });
});

test("move and remove refuse a tree that holds another allowed folder, which may be read-only", async () => {
  await withSandbox([], async ({ dir, put }) => {
    await put({ "tree/kept/a.txt": "a", "tree/b.txt": "b" });
    const { roots } = openRoots([
      { path: dir, readOnly: false },
      { path: join(dir, "tree/kept"), readOnly: true },
    ]);
    const files = createFiles(roots);
    const inside = refusal(/allowed folder ".*tree\/kept" is inside it/);
    await assert.rejects(files.remove(join(dir, "tree"), true, NEVER), inside);
    await assert.rejects(files.move(join(dir, "tree"), join(dir, "away"), NEVER), inside);
    await assert.rejects(files.remove(join(dir, "tree/kept"), true, NEVER), refusal(/allowed folder itself/));
    assert.equal(await readFile(join(dir, "tree/kept/a.txt"), "utf8"), "a");
  });
});
