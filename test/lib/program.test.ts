import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CancelledError, ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import type { Files } from "../../lib/fs/types.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import type { Journal } from "../../lib/journal/types.ts";
import { sourceTarget } from "../client.ts";
import { describeTree } from "../rig/tree.ts";

const NEVER = new AbortController().signal;

interface Desk {
  readonly dir: string;
  /** The folder of the journal. */
  readonly folder: string;
  /** Opens the journal as another process would. */
  open(): { files: Files; journal: Journal };
}

async function withDesk(work: (desk: Desk) => Promise<void>): Promise<void> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-program-")));
  const [dir, folder] = [join(base, "dir"), join(base, "journal")];
  const opened: Journal[] = [];
  try {
    await mkdir(join(dir, "tree/0"), { recursive: true });
    await writeFile(join(dir, "file"), "old");
    for (const name of ["2", "4"]) await writeFile(join(dir, "tree/0", name), name);
    await work({
      dir,
      folder,
      open() {
        const journal = createJournal({ folder });
        opened.push(journal);
        const { roots } = openRoots([{ path: dir, readOnly: false }]);
        return { files: createFiles(roots, { journal }), journal };
      },
    });
  } finally {
    for (const journal of opened) journal.release();
    await rm(base, { recursive: true, force: true });
  }
}

test("a program that fails or is cancelled is recorded as far as it came", async () => {
  await withDesk(async ({ dir, open }) => {
    const { files } = open();
    const change = { top: dir, paths: ["file", "tree/0/2"], title: "half" };
    const before = await describeTree(dir);
    const stop = new AbortController();
    const half = async (error: Error) => {
      await rm(join(dir, "tree/0/2"));
      stop.abort();
      throw error;
    };
    await assert.rejects(
      files.recorded(change, stop.signal, () => half(new CancelledError())),
      CancelledError,
    );
    const failing = files.recorded(change, NEVER, () => Promise.reject(new ToolError("No", "Never.")));
    await assert.rejects(failing, { message: "No", next: "Never." });
    const [entry, ...others] = await files.changes.list(10);
    assert.deepEqual(others, []);
    assert.deepEqual([entry?.title, entry?.entries, entry?.status], ["half", 1, "done"]);
    await files.changes.undo(entry?.id ?? 0, NEVER);
    assert.equal(await describeTree(dir), before);
  });
});

test("what is too much to be kept is not recorded, and says so; its undo would be refused", async () => {
  await withDesk(async ({ dir, open }) => {
    const { files } = open();
    await writeFile(join(dir, "large"), "");
    await truncate(join(dir, "large"), 300 * 1024 * 1024);
    const change = { top: dir, paths: ["file", "large"], title: "much" };
    const { unrecorded, id } = await files.recorded(change, NEVER, () => rm(join(dir, "large")));
    assert.deepEqual([unrecorded, id], ["2 files, 315 MB", undefined]);
    assert.equal(existsSync(join(dir, "large")), false);
    assert.deepEqual(await files.changes.list(10), []);
    const made = await files.recorded(change, NEVER, async () => {
      await writeFile(join(dir, "large"), "");
      await truncate(join(dir, "large"), 300 * 1024 * 1024);
    });
    assert.equal(made.changed, 1);
    await assert.rejects(files.changes.undo(made.id ?? 0, NEVER), /too much to be kept for an undo/);
    assert.equal(existsSync(join(dir, "large")), true);
  });
});

test("no link on the way to a path is followed, by the recording or by its undo", async () => {
  await withDesk(async ({ dir, open }) => {
    const { files } = open();
    await mkdir(join(dir, "other"));
    await writeFile(join(dir, "other/2"), "another");
    const change = { top: dir, paths: ["tree/0/2"], title: "swap" };
    await files.recorded(change, NEVER, async () => {
      await rm(join(dir, "tree/0"), { recursive: true });
      await symlink("../other", join(dir, "tree/0"));
    });
    // The link is none of the paths that were named, so it is not taken away, and nothing is written through.
    await assert.rejects(files.changes.undo(1, NEVER));
    assert.equal(await readFile(join(dir, "other/2"), "utf8"), "another");
  });
});

test("an undo that is killed in the middle leaves nothing behind, and can be repeated", async () => {
  // Looks at the signal: at 8 names, twice; then at each of 4 that is put back.
  for (const looks of [17, 18, 19, 20]) {
    await withDesk(async ({ dir, folder, open }) => {
      const before = await describeTree(dir);
      const first = await open();
      const paths = ["file", "tree/0/2", "tree/0/4", "by/it/link"];
      await first.files.recorded({ top: dir, paths, title: "program" }, NEVER, async () => {
        await writeFile(join(dir, "file"), "new");
        await rm(join(dir, "tree/0/2"));
        await writeFile(join(dir, "tree/0/4"), "new");
        await mkdir(join(dir, "by/it"), { recursive: true });
        await symlink("../file", join(dir, "by/it/link"));
      });
      first.journal.release();
      const { command, args } = sourceTarget("test/rig/crasher.ts");
      const child = spawn(command, [...args, folder, dir, "undo", `${looks}`], { stdio: "ignore" });
      const [, signal] = await once(child, "exit");
      assert.equal(signal, "SIGKILL", `${looks}`);
      // A number that no process has: what one that was killed had begun to write.
      await writeFile(join(dir, "tree/0", `.clawhammer-7fffffff${"0".repeat(16)}.tmp`), "half");
      const { files } = await open();
      // As far as it came, the undo is a change that can be taken back.
      for (const { id, undoes } of await files.changes.list(10)) {
        if (undoes === 1) await files.changes.undo(id, NEVER);
      }
      await files.changes.undo(1, NEVER);
      assert.equal(await describeTree(dir), before, `${looks}`);
    });
  }
});

test("a journal of the version before is brought up to date, and its changes can be undone", async () => {
  await withDesk(async ({ dir, folder, open }) => {
    const old = open();
    await old.files.write(join(dir, "file"), new TextEncoder().encode("new"));
    old.journal.release();
    const database = new DatabaseSync(join(folder, "changes.db"));
    database.exec("ALTER TABLE changes DROP COLUMN title; PRAGMA user_version = 1");
    database.close();
    const { files } = open();
    await files.recorded(
      { top: dir, paths: ["tree/0/2"], title: "later" },
      NEVER,
      () => rm(join(dir, "tree/0/2")),
    );
    const entries = await files.changes.list(10);
    assert.deepEqual(entries.map(({ title }) => title), ["later", undefined]);
    for (const { id } of entries) await files.changes.undo(id, NEVER);
    assert.equal(await readFile(join(dir, "file"), "utf8"), "old");
    assert.equal(await readFile(join(dir, "tree/0/2"), "utf8"), "2");
  });
});
