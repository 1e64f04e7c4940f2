import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, lstatSync, openSync, readSync } from "node:fs";
import { link, mkdir, mkdtemp, realpath, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createShortWays, type ShortWays } from "../../lib/fs/plain.ts";
import type { Status } from "../../lib/fs/statx.ts";

/** The short ways once their library is there; undefined where the system or the runtime has none. */
async function readyWays(known: string): Promise<ShortWays | undefined> {
  const ways = createShortWays();
  for (let round = 0; round < 100; round++) {
    const plain = ways.openPlain(known);
    if (plain !== undefined) {
      closeSync(plain.descriptor);
      return ways;
    }
    await wait(10);
  }
  return undefined;
}

async function withFolder(
  work: (folder: string, open: ShortWays["openPlain"], ways: ShortWays) => Promise<void>,
): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-plain-")));
  try {
    await writeFile(join(folder, "a.txt"), "plain");
    const ways = await readyWays(join(folder, "a.txt"));
    // Only Bun on Linux has the call; everywhere else the common way is the only one.
    assert.equal(ways !== undefined, process.platform === "linux" && "Bun" in globalThis);
    if (ways !== undefined) await work(folder, ways.openPlain, ways);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("openPlain opens a regular file and tells its status", async () => {
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

test("openPlain leaves every path with a link in it to the common way", async () => {
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

test("openPlain leaves what is no file, is missing or is too long to the common way", async () => {
  await withFolder((folder, open) => {
    for (const path of [folder, "/dev/null", join(folder, "none"), join(folder, "a.txt", "b")]) {
      assert.equal(open(path), undefined, path);
    }
    assert.equal(open(`/${"x".repeat(5_000)}`), undefined);
    assert.equal(open(`/${"文".repeat(1_365)}`), undefined);
    return Promise.resolve();
  });
});

test("openPlain does not touch a pipe: who waits to write into it goes on waiting", async () => {
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

/** All that the file layer asks of a status, as one value. */
function factsOf(stats: Status): unknown[] {
  const { dev, ino, mode, nlink, size, atime, birthtime, mtime, mtimeNs, ctimeNs } = stats;
  return [
    [stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()],
    [dev, ino, mode, nlink, size, mtimeNs, ctimeNs],
    [atime, birthtime, mtime].map((time) => time.getTime()),
  ];
}

test("statusAt and openPlain say what lstat says, of every kind of entry and file system", async () => {
  await withFolder(async (folder, open, { statusAt }) => {
    await mkdir(join(folder, "sub"));
    await link(join(folder, "a.txt"), join(folder, "文 second"));
    await symlink("/nowhere", join(folder, "dangling"));
    await utimes(join(folder, "a.txt"), -1.5, -123_456.789);
    await truncate(join(folder, "a.txt"), 5_000_000_000);
    assert.equal(spawnSync("mkfifo", [join(folder, "pipe")]).status, 0);
    const places = ["a.txt", "文 second", "sub", "dangling", "pipe", ".."].map((name) => [folder, name]);
    for (const [at = "", name = ""] of [...places, ["/dev", "null"], ["/dev", "shm"], ["/proc", "self"]]) {
      const held = openSync(at, "r");
      const path = join(at, name);
      const known = statusAt(held, name);
      const plain = open(path);
      // Times of what is in use may change between two looks, so the three of them are taken at once.
      const wanted = factsOf(lstatSync(path, { bigint: true }));
      closeSync(held);
      if (known !== undefined) assert.deepEqual(factsOf(known), wanted, path);
      else assert.match(path, /^\/(dev|proc)/);
      if (plain === undefined) continue;
      assert.deepEqual(factsOf(plain.stats), wanted, path);
      closeSync(plain.descriptor);
    }
    const held = openSync(folder, "r");
    assert.equal(statusAt(held, "none"), undefined);
    assert.equal(statusAt(held, "x".repeat(5_000)), undefined);
    closeSync(held);
  });
});
