import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import type { Files } from "../../lib/fs/types.ts";
import { blobPath, digestOfBytes } from "../../lib/journal/blobs.ts";
import { createJournal, type JournalOptions } from "../../lib/journal/journal.ts";
import type { Journal } from "../../lib/journal/types.ts";
import { sourceTarget } from "../client.ts";
import { importsOf } from "../laws/source.ts";
import { describeTree } from "../rig/tree.ts";

const NEVER = new AbortController().signal;
const bytes = (value: string) => new TextEncoder().encode(value);

interface Desk {
  readonly base: string;
  readonly dir: string;
  readonly folder: string;
  /** Opens the journal as another process would. */
  open(options?: Partial<JournalOptions>): Promise<{ files: Files; journal: Journal }>;
}

async function withDesk(work: (desk: Desk) => Promise<void>): Promise<void> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-journal-")));
  const dir = join(base, "dir");
  const folder = join(base, "data/journal");
  const opened: Journal[] = [];
  try {
    await mkdir(dir);
    await work({
      base,
      dir,
      folder,
      async open(options) {
        const journal = createJournal({ folder, ...options });
        opened.push(journal);
        const { roots } = await openRoots([{ path: dir, readOnly: false }]);
        return { journal, files: createFiles(roots, { journal }) };
      },
    });
  } finally {
    for (const journal of opened) journal.release();
    await rm(base, { recursive: true, force: true });
  }
}

function refusal(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ToolError, `expected a ToolError, got ${String(error)}`);
    assert.match(`${error.message}\n${error.next}`, pattern);
    return true;
  };
}

/** Runs a program of the rig; resolves with what ended it. */
async function run(path: string, args: readonly string[]): Promise<number | string> {
  const { command, args: first } = sourceTarget(path);
  const child = spawn(command, [...first, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  const [code, signal] = await once(child, "exit");
  return signal ?? code;
}

test("createJournal and reading open, create and load nothing before the first change", async () => {
  await withDesk(async ({ open, dir, folder }) => {
    await writeFile(join(dir, "a"), "a");
    const { files } = await open();
    await files.info(join(dir, "a"));
    assert.deepEqual(await files.changes.list(10), []);
    await assert.rejects(files.changes.undo(1, NEVER), refusal(/There is no change 1/));
    assert.equal(existsSync(folder), false);
    await files.write(join(dir, "a"), bytes("b"));
    assert.equal(existsSync(join(folder, "changes.db")), true);
  });
  for (const name of await readdir("lib", { recursive: true })) {
    const path = `lib/${name.replaceAll("\\\\", "/")}`;
    // That one is loaded by a process of its own, for databases of the person.
    if (!name.endsWith(".ts") || path === "lib/database/sqlite.ts") continue;
    const loads = importsOf({ path, text: await readFile(path, "utf8") })
      .filter((one) => one.specifier === "node:sqlite" && !one.typeOnly && one.how === "static");
    assert.deepEqual(loads, [], path);
  }
});

test("the journal is closed to other users, and keeps equal contents once", async () => {
  await withDesk(async ({ open, dir, folder }) => {
    const { files } = await open();
    const big = new Uint8Array(100_000).fill(1);
    for (const name of ["a", "b", "c"]) {
      await writeFile(join(dir, name), big);
      await files.write(join(dir, name), bytes("small"));
    }
    const [prefix, ...more] = (await readdir(join(folder, "blobs"))).filter((name) => !name.endsWith(".tmp"));
    assert.deepEqual(more, []);
    assert.equal((await readdir(join(folder, "blobs", prefix ?? ""))).length, 1);
    if (process.platform === "win32") return;
    for (const name of ["", ...await readdir(folder, { recursive: true })]) {
      const stats = await stat(join(folder, name));
      assert.equal(stats.mode & 0o777, stats.isDirectory() ? 0o700 : 0o600, name);
    }
  });
});

test("a change is refused when the journal cannot be written, and reading goes on", async () => {
  await withDesk(async ({ base, dir, open }) => {
    await writeFile(join(base, "file"), "");
    await writeFile(join(dir, "a"), "old");
    for (const folder of [join(base, "file/journal"), undefined]) {
      const { files } = await open({ folder });
      const pattern =
        /Cannot use the journal of changes.*\nNothing was changed, because every change is recorded/;
      await assert.rejects(files.write(join(dir, "a"), bytes("new")), refusal(pattern));
      await assert.rejects(files.write(join(dir, "n/b"), bytes("new")), refusal(pattern));
      await assert.rejects(files.remove(join(dir, "a"), false, NEVER), refusal(pattern));
      await assert.rejects(files.move(join(dir, "a"), join(dir, "b"), NEVER), refusal(pattern));
      await assert.rejects(files.copy(join(dir, "a"), join(dir, "b"), NEVER), refusal(pattern));
      await assert.rejects(files.createFolder(join(dir, "n")), refusal(pattern));
      assert.deepEqual(await readdir(dir), ["a"]);
      assert.equal(await files.withFile(join(dir, "a"), (file) => Promise.resolve(file.info.size)), 3);
    }
  });
});

test("a damaged database is set aside, a new one begins, and no file is touched", async () => {
  await withDesk(async ({ base, dir, folder, open }) => {
    assert.equal(await run("test/rig/changer.ts", [folder, dir, "1", "1000000"]), 0);
    await writeFile(join(dir, "a"), "1");
    await writeFile(
      join(folder, "changes.db"),
      "this is not a database, but longer than its header".repeat(100),
    );
    await rm(join(folder, "changes.db-wal"), { force: true });
    await rm(join(folder, "changes.db-shm"), { force: true });
    const warnings: string[] = [];
    const { files } = await open({ warn: (message) => warnings.push(message) });
    await files.write(join(dir, "a"), bytes("2"));
    assert.equal(await readFile(join(dir, "a"), "utf8"), "2");
    assert.match(warnings.join(), /was damaged and is now ".*journal-damaged-\d+"; a new one begins/);
    assert.equal((await readdir(join(base, "data"))).length, 2);
    await files.changes.undo((await files.changes.list(1))[0]?.id ?? 0, NEVER);
    assert.equal(await readFile(join(dir, "a"), "utf8"), "1");
  });
});

test("a journal that is damaged or deleted while it is open is begun anew", async () => {
  await withDesk(async ({ dir, folder, open }) => {
    const { files } = await open();
    await files.write(join(dir, "a"), bytes("1"));
    await rm(folder, { recursive: true });
    await files.write(join(dir, "a"), bytes("2"));
    assert.deepEqual((await files.changes.list(10)).map(({ sizeBefore }) => sizeBefore), [1]);
    await files.changes.undo(1, NEVER);
    assert.equal(await readFile(join(dir, "a"), "utf8"), "1");
  });
});

test("a journal that is deleted while a change is recorded ends that change before it is made", async () => {
  await withDesk(async ({ folder, open }) => {
    const { journal } = await open();
    const recording = journal.record({ action: "delete", path: "/x", roots: ["/"], folders: [] });
    const keep = async () => {
      for (let i = 0; i < 90; i++) await recording.keepBytes(new Uint8Array(60_000).fill(i));
    };
    await keep();
    await rm(folder, { recursive: true });
    const announce = async () => {
      await keep();
      await recording.announce({});
    };
    await assert.rejects(announce, refusal(/it was replaced while the change was recorded/));
    await recording.drop();
    assert.deepEqual(await journal.list(10), []);
  });
});

test("a journal of a newer version is left alone", async () => {
  await withDesk(async ({ dir, folder, open }) => {
    const { files, journal } = await open();
    await files.write(join(dir, "a"), bytes("1"));
    journal.release();
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(join(folder, "changes.db"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    const later = await open();
    await assert.rejects(
      later.files.write(join(dir, "a"), bytes("2")),
      refusal(/a newer Clawhammer wrote it/),
    );
    assert.equal(await readFile(join(dir, "a"), "utf8"), "1");
  });
});

test("kept contents that are damaged or gone are never restored", async () => {
  await withDesk(async ({ dir, folder, open }) => {
    const { files } = await open();
    const old = new Uint8Array(100_000).fill(5);
    await writeFile(join(dir, "a"), old);
    await files.write(join(dir, "a"), bytes("new"));
    const blob = blobPath(folder, digestOfBytes(old));
    await writeFile(blob, new Uint8Array(100_000).fill(6));
    await assert.rejects(files.changes.undo(1, NEVER), refusal(/Cannot undo change 1: .*damaged/));
    await rm(blob);
    await assert.rejects(files.changes.undo(1, NEVER), refusal(/Cannot undo change 1: .*is gone/));
    assert.equal(await readFile(join(dir, "a"), "utf8"), "new");
  });
});

test("tidy forgets the oldest changes beyond bytes, number and age, with what only they need", async () => {
  await withDesk(async ({ dir, folder, open }) => {
    let now = new Date("2026-01-01T00:00:00Z");
    const { files, journal } = await open({
      bounds: { bytes: 250_000, changes: 6, days: 10 },
      now: () => now,
    });
    const ids = async () => (await files.changes.list(100)).map(({ id }) => id);
    for (let i = 1; i <= 5; i++) {
      await writeFile(join(dir, "a"), new Uint8Array(100_000).fill(i));
      await files.write(join(dir, "a"), bytes(`${i}`));
    }
    await journal.tidy();
    assert.deepEqual(await ids(), [5, 4]);
    const files5 = (await readdir(join(folder, "blobs"), { recursive: true })).filter((name) =>
      /\W/.test(name)
    );
    assert.equal(files5.length, 2);
    await files.changes.undo(5, NEVER);
    assert.deepEqual(new Uint8Array(await readFile(join(dir, "a"))), new Uint8Array(100_000).fill(5));

    for (let i = 0; i < 10; i++) await files.write(join(dir, "small"), bytes(`${i}`));
    await journal.tidy();
    assert.deepEqual(await ids(), [16, 15, 14, 13, 12, 11]);
    now = new Date("2026-01-08T00:00:00Z");
    await files.write(join(dir, "small"), bytes("last"));
    now = new Date("2026-01-12T00:00:00Z");
    await journal.tidy();
    assert.deepEqual(await ids(), [17]);
    await files.changes.undo(17, NEVER);
    assert.equal(await readFile(join(dir, "small"), "utf8"), "9");
  });
});

test("tidy keeps what a later change still needs, and sweeps what a crash left", async () => {
  await withDesk(async ({ dir, folder, open }) => {
    const shared = new Uint8Array(100_000).fill(1);
    const first = await open();
    for (const name of ["a", "b"]) {
      await writeFile(join(dir, name), shared);
      await first.files.write(join(dir, name), bytes("x"));
    }
    const orphan = blobPath(folder, digestOfBytes("orphan"));
    await mkdir(join(orphan, ".."), { recursive: true });
    for (const path of [orphan, join(folder, "blobs/0123.tmp"), join(folder, "blobs/young.tmp")]) {
      await writeFile(path, "left");
      if (!path.includes("young")) await utimes(path, 1_000_000, 1_000_000);
    }
    const { files, journal } = await open({ bounds: { changes: 1 } });
    await journal.tidy();
    assert.deepEqual((await files.changes.list(10)).map(({ id }) => id), [2]);
    assert.equal(existsSync(orphan), false);
    assert.equal(existsSync(join(folder, "blobs/0123.tmp")), false);
    assert.equal(existsSync(join(folder, "blobs/young.tmp")), true);
    await files.changes.undo(2, NEVER);
    assert.deepEqual(new Uint8Array(await readFile(join(dir, "b"))), shared);
  });
});

test("a change whose process was killed is judged by what the files say, and can be undone", async () => {
  const cases = [
    ...["write", "write-new", "create", "move", "copy", "delete"].flatMap((change) => [
      [change, "announced"],
      [change, "made"],
    ]),
    // 13 entries are counted, kept, counted again, then deleted.
    ...[1, 20, 30, 44, 50].map((looks) => ["delete", `${looks}`]),
    ["copy", "20"],
    ...["announced", "half", "made"].map((point) => ["program", point]),
    ["undo", "announced"],
    ["undo", "made"],
    ["undo", "8"],
  ];
  for (const [change = "", point = ""] of cases) {
    await withDesk(async ({ dir, folder, open }) => {
      await writeFile(join(dir, "file"), "old");
      for (let i = 0; i < 10; i++) {
        await mkdir(join(dir, `tree/${i % 2}`), { recursive: true });
        await writeFile(join(dir, `tree/${i % 2}/${i}`), `${i}`);
      }
      await chmod(join(dir, "tree/1/3"), 0o751);
      const before = await describeTree(dir);
      if (change === "undo") {
        const { files, journal } = await open();
        await files.remove(join(dir, "tree"), true, NEVER);
        journal.release();
      }
      const killed = await run("test/rig/crasher.ts", [folder, dir, change, point]);
      assert.equal(killed, "SIGKILL", `${change} at ${point}`);
      const { files } = await open();
      const happened = await files.changes.list(10);
      assert.ok(happened.every(({ status }) => status !== "pending"), `${change} at ${point}`);
      const inForce = happened.filter(({ status, undoes }) => status === "done" && undoes === undefined);
      if (point === "announced" && change !== "undo") assert.deepEqual(happened, [], change);
      if (point === "made" || point === "half") {
        assert.equal(inForce.length, change === "undo" ? 0 : 1, change);
      }
      for (const { id } of inForce) await files.changes.undo(id, NEVER);
      // A killed process cannot remove its temporary file; the next one does.
      assert.equal(await describeTree(dir), before, `${change} at ${point}`);
    });
  }
});

test("two processes use one journal at once and tidy it, and everything left can be undone", async () => {
  for (const bound of [700_000, 1_000_000_000]) {
    await withDesk(async ({ base, folder }) => {
      const dirs = [join(base, "one"), join(base, "two")];
      for (const dir of dirs) await mkdir(dir);
      const args = (dir: string) => [folder, dir, "100", `${bound}`];
      assert.deepEqual(await Promise.all(dirs.map((dir) => run("test/rig/changer.ts", args(dir)))), [0, 0]);
      const journal = createJournal({ folder });
      try {
        const all = await journal.list(1_000);
        assert.equal(all[0]?.id, 200);
        assert.ok(all.every(({ status }) => status === "done"));
        assert.ok(
          bound === 700_000 ? all.length < 200 && all.length > 10 : all.length === 200,
          `${all.length}`,
        );
        for (const dir of dirs) {
          const { roots } = await openRoots([{ path: dir, readOnly: false }]);
          const files = createFiles(roots, { journal });
          for (const { id } of await files.changes.list(1_000)) await files.changes.undo(id, NEVER);
          if (all.length === 200) assert.deepEqual(await readdir(dir), []);
        }
      } finally {
        journal.release();
      }
    });
  }
});
