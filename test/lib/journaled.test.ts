import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import type { Files } from "../../lib/fs/types.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import type { Journal } from "../../lib/journal/types.ts";
import { describeTree } from "../rig/tree.ts";
import { type Sandbox, withSandbox } from "../support.ts";

const NEVER = new AbortController().signal;
const bytes = (value: string) => new TextEncoder().encode(value);

function refusal(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ToolError, `expected a ToolError, got ${String(error)}`);
    assert.match(`${error.message}\n${error.next}`, pattern);
    return true;
  };
}

async function sandbox(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  await withSandbox([], work, { journal: true });
}

/** The number of the newest change. */
async function newest(files: Files): Promise<number> {
  const [change] = await files.changes.list(1);
  return change?.id ?? 0;
}

/**
 * Makes a change, undoes it, undoes the undo, each time comparing the whole folder, times of files included.
 */
async function thereAndBack({ files, dir }: Sandbox, change: () => Promise<unknown>): Promise<void> {
  const before = await describeTree(dir);
  await change();
  const after = await describeTree(dir);
  assert.notEqual(after, before);
  const { id } = await files.changes.undo(await newest(files), NEVER);
  assert.equal(await describeTree(dir), before);
  await files.changes.undo(id, NEVER);
  assert.equal(await describeTree(dir), after);
}

test("undo of a write puts the old bytes and mode back, and removes a new file", async () => {
  await sandbox(async (box) => {
    const { files, dir, put } = box;
    await put({ "small.txt": "old", "large.bin": new Uint8Array(300_000).fill(7), "empty": "" });
    await chmod(join(dir, "small.txt"), 0o751);
    await thereAndBack(box, () => files.write(join(dir, "small.txt"), bytes("new")));
    await thereAndBack(box, () => files.write(join(dir, "large.bin"), new Uint8Array(400_000).fill(8)));
    await thereAndBack(box, () => files.write(join(dir, "empty"), bytes("full")));
    await thereAndBack(box, () => files.write(join(dir, "new.txt"), bytes("new")));
  });
});

test("undo of a write removes the folders made for it, unless something else is in them", async () => {
  await sandbox(async (box) => {
    const { files, dir, put } = box;
    await thereAndBack(box, () => files.write(join(dir, "a/b/c.txt"), bytes("new")));
    await files.write(join(dir, "x/y/z.txt"), bytes("new"));
    await put({ "x/other.txt": "" });
    await files.changes.undo(await newest(files), NEVER);
    assert.deepEqual(await readdir(join(dir, "x")), ["other.txt"]);
  });
});

test("undo of a write through a link changes the file and leaves the link", async () => {
  await sandbox(async (box) => {
    const { files, dir, put } = box;
    await put({ "real/a.txt": "old" });
    await symlink("real/a.txt", join(dir, "link.txt"));
    await symlink("real", join(dir, "folder"));
    await thereAndBack(box, () => files.write(join(dir, "link.txt"), bytes("new")));
    await thereAndBack(box, () => files.write(join(dir, "folder/b.txt"), bytes("new")));
  });
});

test("undo of a copy removes the copy, of a move moves back, of a new folder removes it", async () => {
  await sandbox(async (box) => {
    const { files, dir, put } = box;
    await put({ "a.txt": "a", "tree/x/y.txt": "y", "tree/z": "" });
    await mkdir(join(dir, "tree/empty"));
    await symlink("nowhere", join(dir, "tree/link"));
    await thereAndBack(box, () => files.copy(join(dir, "a.txt"), join(dir, "copies/a.txt"), NEVER));
    await thereAndBack(box, () => files.copy(join(dir, "tree"), join(dir, "copies/tree"), NEVER));
    await thereAndBack(box, () => files.copy(join(dir, "tree/link"), join(dir, "link"), NEVER));
    await thereAndBack(box, () => files.move(join(dir, "a.txt"), join(dir, "moved/deep/b.txt"), NEVER));
    await thereAndBack(box, () => files.move(join(dir, "tree"), join(dir, "forest"), NEVER));
    await thereAndBack(box, () => files.createFolder(join(dir, "new/folders/here")));
  });
});

test("undo of a deletion restores bytes, modes, times, links, empty folders and secrets", async () => {
  await sandbox(async (box) => {
    const { files, dir, put } = box;
    await put({
      "t/a.txt": "a",
      "t/.env": "KEY=1",
      "t/deep/er/big.bin": new Uint8Array(200_000).fill(3),
      "one": "1",
    });
    await mkdir(join(dir, "t/empty"));
    await symlink("../one", join(dir, "t/link"));
    await symlink("gone", join(dir, "dangling"));
    await chmod(join(dir, "t/a.txt"), 0o640);
    await chmod(join(dir, "t/deep"), 0o711);
    for (const name of ["t/a.txt", "t/deep", "t/empty", "t", "one"]) {
      await utimes(join(dir, name), 1_000_000_000, 1_234_567_890.5);
    }
    const before = await describeTree(dir, { times: true });
    for (const name of ["t", "one", "dangling"]) {
      await files.remove(join(dir, name), name === "t", NEVER);
      await files.changes.undo(await newest(files), NEVER);
      assert.equal(await describeTree(dir, { times: true }), before);
    }
    await files.remove(join(dir, "t/empty"), false, NEVER);
    await files.changes.undo(await newest(files), NEVER);
    assert.match(await describeTree(dir, { times: true }), /^t\/empty\/ 755 1234567890500$/m);
  });
});

test("undo refuses when the file has changed since, is gone, or something else is in the way", async () => {
  await sandbox(async ({ files, dir, put }) => {
    const path = join(dir, "a.txt");
    const undo = async () => await files.changes.undo(await newest(files), NEVER);
    await put({ "a.txt": "old" });
    await files.write(path, bytes("new"));
    await appendFile(path, "!");
    await assert.rejects(undo, refusal(/Cannot undo change 1: ".*a\.txt" has changed since/));
    assert.equal(await readFile(path, "utf8"), "new!");
    await rm(path);
    await assert.rejects(undo, refusal(/is not there any more/));

    await files.write(path, bytes("made"));
    await appendFile(path, "!");
    await assert.rejects(undo, refusal(/has changed since/));
    await files.remove(path, false, NEVER);
    await writeFile(path, "another");
    await assert.rejects(undo, refusal(/something else is at ".*a\.txt" now/));

    await files.move(path, join(dir, "b.txt"), NEVER);
    await writeFile(path, "again");
    await assert.rejects(undo, refusal(/something else is at ".*a\.txt" now/));
    await rename(join(dir, "b.txt"), join(dir, "c.txt"));
    await assert.rejects(undo, refusal(/"[^"]*b\.txt" is not there any more/));

    await put({ "t/x": "x" });
    await files.copy(join(dir, "t"), join(dir, "u"), NEVER);
    await writeFile(join(dir, "u/y"), "added");
    await assert.rejects(undo, refusal(/"[^"]*u" has changed since/));
    await files.createFolder(join(dir, "f/g"));
    await writeFile(join(dir, "f/g/h"), "");
    await assert.rejects(undo, refusal(/"[^"]*g" has changed since/));
    assert.equal(await readFile(join(dir, "u/y"), "utf8"), "added");
  });
});

test("undo out of order works where the state matches, and else names the change to undo first", async () => {
  await sandbox(async ({ files, dir }) => {
    const [a, b] = [join(dir, "a"), join(dir, "b")];
    await files.write(a, bytes("1")); // 1
    await files.write(b, bytes("2")); // 2
    await files.write(a, bytes("3")); // 3
    await files.changes.undo(2, NEVER); // 4
    assert.deepEqual(await readdir(dir), ["a"]);
    await assert.rejects(
      files.changes.undo(1, NEVER),
      refusal(/change 3 changed ".*a" after it\nUndo change 3 first/),
    );
    await files.changes.undo(3, NEVER); // 5
    await files.changes.undo(1, NEVER); // 6
    assert.deepEqual(await readdir(dir), []);
    await files.write(join(dir, "t/x"), bytes("x")); // 7
    await files.move(join(dir, "t"), join(dir, "u"), NEVER); // 8
    await files.write(join(dir, "u/x"), bytes("y")); // 9
    await assert.rejects(files.changes.undo(8, NEVER), refusal(/Undo change 9 first/));
    await files.changes.undo(9, NEVER);
    await files.changes.undo(8, NEVER);
    assert.equal(await readFile(join(dir, "t/x"), "utf8"), "x");
  });
});

test("undo refuses a change that is undone, unknown, outside, read-only or protected", async () => {
  await sandbox(async ({ files, dir, outside, journalFolder }) => {
    await files.write(join(dir, "a"), bytes("1"));
    await files.changes.undo(1, NEVER);
    await assert.rejects(
      files.changes.undo(1, NEVER),
      refusal(/Cannot undo change 1: change 2 undid it already[^]*undo change 2/),
    );
    await assert.rejects(files.changes.undo(99, NEVER), refusal(/There is no change 99[^]*newest is 2/));
    const journal = createJournal({ folder: journalFolder });
    try {
      const others = createFiles((await openRoots([{ path: outside, readOnly: false }])).roots, { journal });
      await assert.rejects(
        others.changes.undo(2, NEVER),
        refusal(/There is no change 2 in the allowed folders\nNothing/),
      );
      assert.deepEqual(await others.changes.list(10), []);
      const reader = createFiles((await openRoots([{ path: dir, readOnly: true }])).roots, { journal });
      await assert.rejects(
        reader.changes.undo(2, NEVER),
        refusal(/Cannot undo change 2: .*allowed for reading only/),
      );
      const { createGuard } = await import("../../lib/fs/guard.ts");
      const guarded = createFiles((await openRoots([{ path: dir, readOnly: false }])).roots, {
        journal,
        guard: createGuard({ protect: ["a"] }),
      });
      await assert.rejects(guarded.changes.undo(2, NEVER), refusal(/Cannot undo change 2: .*protected/));
      assert.deepEqual(await readdir(dir), []);
    } finally {
      journal.release();
    }
  });
});

test("a change that is refused or fails leaves no entry and no folder behind", async () => {
  await sandbox(async ({ files, dir, put }) => {
    await put({ "a": "a", "t/x": "x" });
    const path = (name: string) => join(dir, name);
    const before = await describeTree(dir);
    for (
      const work of [
        () => files.write(path("a"), bytes("b"), { createOnly: true }),
        () => files.write(path("t"), bytes("b")),
        () => files.write(path("new/b"), bytes("b"), { replaces: "1:2:3:4:5" }),
        () => files.write(path(".bashrc"), bytes("b")),
        () => files.write(dir, bytes("b")),
        () => files.move(path("a"), path("t"), NEVER),
        () => files.move(path("a"), path("a"), NEVER),
        () => files.move(path("t"), path("t/u/v"), NEVER),
        () => files.move(path("gone"), path("b"), NEVER),
        () => files.copy(path("a"), path("t"), NEVER),
        () => files.copy(path("t"), path("t/u/v"), NEVER),
        () => files.copy(path("gone"), path("b"), NEVER),
        () => files.remove(path("gone"), true, NEVER),
        () => files.remove(path("t"), false, NEVER),
        () => files.remove(dir, true, NEVER),
        () => files.createFolder(path("a/b")),
        () => files.createFolder(path(".git/hooks")),
      ]
    ) {
      await assert.rejects(work, ToolError, work.toString());
      assert.equal(await describeTree(dir), before, work.toString());
    }
    assert.deepEqual(await files.createFolder(path("t")), []);
    assert.deepEqual(await files.changes.list(10), []);
    await assert.rejects(files.remove(path("gone"), true, NEVER), refusal(/no such file or folder/));
    await assert.rejects(files.write(path("t"), bytes("b")), refusal(/it is a folder/));
  });
});

test("what is too large or could not be brought back is refused, and nothing is changed", async () => {
  await sandbox(async ({ files, dir, journalFolder, put }) => {
    await put({ "t/big": "", "u/x": "x" });
    await truncate(join(dir, "t/big"), 300 * 1024 * 1024);
    execFileSync("mkfifo", [join(dir, "u/pipe")]);
    await assert.rejects(
      files.remove(join(dir, "t"), true, NEVER),
      refusal(/more than 256 MiB.*undo\nNothing was changed/),
    );
    await assert.rejects(files.write(join(dir, "t/big"), bytes("x")), refusal(/more than 256 MiB/));
    await assert.rejects(files.remove(join(dir, "u"), true, NEVER), refusal(/pipe, socket or device/));
    assert.equal((await stat(join(dir, "t/big"))).size, 300 * 1024 * 1024);
    assert.deepEqual(await readdir(join(dir, "u")), ["pipe", "x"]);
    // A moved file keeps its bytes, however many they are.
    await files.move(join(dir, "t/big"), join(dir, "big"), NEVER);
    await files.changes.undo(await newest(files), NEVER);
    assert.deepEqual(await readdir(join(dir, "t")), ["big"]);
    assert.deepEqual((await readdir(journalFolder)).filter((name) => name === "blobs"), []);
  });
});

test("a file that changes between being kept and being replaced or deleted is left alone", async () => {
  await sandbox(async ({ dir, outside, put }) => {
    await put({ "a": "old", "t/x": "x", "t/y": "y" });
    const real = createJournal({ folder: join(outside, "journal") });
    let interfere = () => Promise.resolve();
    const journal: Journal = {
      ...real,
      record(plan) {
        const recording = real.record(plan);
        return {
          ...recording,
          async announce(images) {
            const change = await recording.announce(images);
            await interfere();
            return change;
          },
        };
      },
    };
    try {
      const files = createFiles((await openRoots([{ path: dir, readOnly: false }])).roots, { journal });
      interfere = () => writeFile(join(dir, "a"), "somebody else's");
      await assert.rejects(files.write(join(dir, "a"), bytes("new")), refusal(/changed meanwhile/));
      assert.equal(await readFile(join(dir, "a"), "utf8"), "somebody else's");
      interfere = () => writeFile(join(dir, "b"), "somebody else's");
      await assert.rejects(files.write(join(dir, "b"), bytes("new")), refusal(/something is there already/));
      interfere = () => writeFile(join(dir, "t/y"), "somebody else's");
      await assert.rejects(
        files.remove(join(dir, "t"), true, NEVER),
        refusal(/t\/y": it was changed meanwhile[^]*undo_change {"id":3}/),
      );
      assert.equal(await readFile(join(dir, "t/y"), "utf8"), "somebody else's");
      interfere = () => Promise.resolve();
      const [partly] = await files.changes.list(1);
      await assert.rejects(
        files.changes.undo(partly?.id ?? 0, NEVER),
        refusal(/something else is at ".*t\/y"/),
      );
      await writeFile(join(dir, "t/y"), "y");
      await files.changes.undo(partly?.id ?? 0, NEVER);
      assert.equal(await readFile(join(dir, "t/x"), "utf8"), "x");
    } finally {
      real.release();
    }
  });
});

test("a cancelled deletion can be undone, whatever it had deleted by then", async () => {
  await sandbox(async ({ files, dir, put }) => {
    await put(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`t/${i % 7}/${i}`, `${i}`])));
    const before = await describeTree(dir);
    let partly = 0;
    // The layer looks at the signal before each entry, while it counts, keeps and deletes.
    for (let looks = 50; looks < 1_000; looks += 150) {
      let seen = 0;
      const { signal } = new AbortController();
      Object.defineProperty(signal, "aborted", { get: () => ++seen > looks });
      await files.remove(join(dir, "t"), true, signal).catch(() => {});
      const after = await describeTree(dir);
      if (after !== before) await files.changes.undo(await newest(files), NEVER);
      if (after !== before && after !== "") partly++;
      assert.equal(await describeTree(dir), before);
    }
    assert.ok(partly > 0);
  });
});

test("list shows the newest first with a diff of texts, in pages, only of allowed folders", async () => {
  await sandbox(async ({ files, dir, put }) => {
    await put({ "a.txt": "one\ntwo\nthree\n", "bin": new Uint8Array([0, 1, 2]) });
    await files.write(join(dir, "a.txt"), bytes("one\nTWO\nthree\n"));
    await writeFile(join(dir, "a.txt"), "changed by the person");
    await files.write(join(dir, "bin"), new Uint8Array([3, 0, 4]));
    await files.remove(join(dir, "bin"), false, NEVER);
    await files.move(join(dir, "a.txt"), join(dir, "b.txt"), NEVER);
    const changes = await files.changes.list(10, { diff: true });
    assert.deepEqual(changes.map(({ id, action, status }) => [id, action, status]), [
      [4, "move", "done"],
      [3, "delete", "done"],
      [2, "write", "done"],
      [1, "write", "done"],
    ]);
    assert.match(
      changes[3]?.diff ?? "",
      /^--- .*a\.txt\n\+\+\+ .*a\.txt\n@@ -1,3 \+1,3 @@\n one\n-two\n\+TWO\n three/,
    );
    assert.equal(changes[2]?.diff, "(not text)");
    assert.deepEqual((await files.changes.list(2)).map(({ id }) => id), [4, 3]);
    assert.deepEqual((await files.changes.list(10, { before: 3 })).map(({ id }) => id), [2, 1]);
  });
});
