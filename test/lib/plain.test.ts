import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, readSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createOpenPlain, type OpenPlain } from "../../lib/fs/plain.ts";

/** The opener once its library is there; undefined where the system or the runtime has none. */
async function readyOpener(known: string): Promise<OpenPlain | undefined> {
  const open = createOpenPlain();
  for (let round = 0; round < 100; round++) {
    const plain = open(known);
    if (plain !== undefined) {
      closeSync(plain.descriptor);
      return open;
    }
    await wait(10);
  }
  return undefined;
}

async function withFolder(work: (folder: string, open: OpenPlain) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-plain-")));
  try {
    await writeFile(join(folder, "a.txt"), "plain");
    const open = await readyOpener(join(folder, "a.txt"));
    // Only Bun on Linux has the call; everywhere else the common way is the only one.
    assert.equal(open !== undefined, process.platform === "linux" && "Bun" in globalThis);
    if (open !== undefined) await work(folder, open);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("createOpenPlain opens a regular file and tells its status", async () => {
  await withFolder(async (folder, open) => {
    await writeFile(join(folder, "ünï 文.txt"), "letters");
    const plain = open(join(folder, "ünï 文.txt"));
    assert.ok(plain);
    const bytes = new Uint8Array(20);
    assert.equal(readSync(plain.descriptor, bytes, 0, 20, 0), 7);
    assert.equal(plain.stats.size, 7n);
    closeSync(plain.descriptor);
  });
});

test("createOpenPlain leaves every path with a link in it to the common way", async () => {
  await withFolder(async (folder, open) => {
    await mkdir(join(folder, "real"));
    await writeFile(join(folder, "real", "b.txt"), "b");
    await symlink("a.txt", join(folder, "link.txt"));
    await symlink("real", join(folder, "linked"));
    await symlink("/etc", join(folder, "outside"));
    for (const path of ["link.txt", "linked/b.txt", "outside/passwd"]) {
      assert.equal(open(join(folder, path)), undefined, path);
    }
    const magic = `/proc/self/fd/../cwd/${folder}`;
    assert.equal(open(magic), undefined);
  });
});

test("createOpenPlain leaves what is no file, is missing or is too long to the common way", async () => {
  await withFolder((folder, open) => {
    for (const path of [folder, "/dev/null", join(folder, "none"), join(folder, "a.txt", "b")]) {
      assert.equal(open(path), undefined, path);
    }
    assert.equal(open(`/${"x".repeat(5_000)}`), undefined);
    assert.equal(open(`/${"文".repeat(1_365)}`), undefined);
    return Promise.resolve();
  });
});

test("createOpenPlain does not touch a pipe: who waits to write into it goes on waiting", async () => {
  await withFolder(async (folder, open) => {
    const pipe = join(folder, "pipe");
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    const writer = spawn("sh", ["-c", `echo released > "${pipe}"`]);
    try {
      await wait(100);
      for (let round = 0; round < 50; round++) assert.equal(open(pipe), undefined);
      await wait(50);
      assert.equal(writer.exitCode, null);
    } finally {
      writer.kill("SIGKILL");
    }
  });
});
