import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { CancelledError } from "../../lib/errors.ts";
import { createRipgrep, type Ripgrep, type RipgrepOptions, type RunEnd } from "../../lib/ripgrep.ts";
import type { Log } from "../../lib/tool.ts";

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const WINDOWS = process.platform === "win32";
const NAME = WINDOWS ? "rg.exe" : "rg";
const REAL = fileURLToPath(
  new URL(
    `../../node_modules/@vscode/ripgrep-${process.platform}-${process.arch}/bin/${NAME}`,
    import.meta.url,
  ),
);

/** Runs `work` with a folder that is removed afterwards. */
async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-ripgrep-")));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A runner that finds only what it is given. */
function runner(folder: string, options: Partial<RipgrepOptions>): Ripgrep {
  return createRipgrep({
    cacheFolder: join(folder, "cache"),
    secondFolder: join(folder, "second"),
    sourceFolder: join(folder, "no-source"),
    embedded: () => undefined,
    log: SILENT,
    ...options,
  });
}

async function embedding(path = REAL): Promise<() => Blob> {
  const blob = new Blob([await readFile(path)]);
  return () => blob;
}

async function run(
  ripgrep: Ripgrep,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ end: RunEnd | undefined; output: string }> {
  const chunks: Buffer[] = [];
  const end = await ripgrep.run({ args, cwd, signal, take: (chunk) => chunks.push(Buffer.from(chunk)) > 0 });
  return { end, output: Buffer.concat(chunks).toString() };
}

/** A folder for PATH with a shell script instead of ripgrep. */
async function script(folder: string, text: string): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "rg"), `#!/bin/sh\n${text}\n`);
  await chmod(join(bin, "rg"), 0o700);
  return bin;
}

test("createRipgrep writes the executable at the first run, private and named by its hash", async () => {
  await withFolder(async (folder) => {
    const ripgrep = runner(folder, { embedded: await embedding() });
    assert.deepEqual(await readdir(folder), []);
    const { end, output } = await run(ripgrep, ["--version"], folder);
    assert.equal(end?.status, 0);
    assert.match(output, /^ripgrep \d+/);
    const hash = createHash("sha256").update(await readFile(REAL)).digest("hex");
    const name = `rg-${hash.slice(0, 16)}${WINDOWS ? ".exe" : ""}`;
    assert.deepEqual(await readdir(join(folder, "cache")), [name]);
    if (WINDOWS) return;
    assert.equal((await stat(join(folder, "cache"))).mode & 0o777, 0o700);
    assert.equal((await stat(join(folder, "cache", name))).mode & 0o777, 0o700);
  });
});

test("createRipgrep replaces a wrong file in the cache folder and never runs it", async () => {
  if (WINDOWS) return;
  await withFolder(async (folder) => {
    const embedded = await embedding();
    await run(runner(folder, { embedded }), ["--version"], folder);
    const [name = ""] = await readdir(join(folder, "cache"));
    const path = join(folder, "cache", name);
    const size = (await stat(path)).size;
    // Same size and mode, so that only the contents give it away.
    await writeFile(path, `#!/bin/sh\ntouch ${join(folder, "ran")}\n`.padEnd(size, "\n"));
    const { output } = await run(runner(folder, { embedded }), ["--version"], folder);
    assert.match(output, /^ripgrep/);
    assert.deepEqual((await readdir(folder)).sort(), ["cache"]);
    assert.deepEqual(await readFile(path), await readFile(REAL));
  });
});

test("createRipgrep replaces a link in the cache folder and leaves its target alone", async () => {
  if (WINDOWS) return;
  await withFolder(async (folder) => {
    const embedded = await embedding();
    await run(runner(folder, { embedded }), ["--version"], folder);
    const [name = ""] = await readdir(join(folder, "cache"));
    const path = join(folder, "cache", name);
    const copy = join(folder, "copy");
    await copyFile(path, copy);
    await rm(path);
    await symlink(copy, path);
    assert.equal((await run(runner(folder, { embedded }), ["--version"], folder)).end?.status, 0);
    assert.ok((await lstat(path)).isFile());
  });
});

test("createRipgrep lets many processes write the executable at the same time", async () => {
  await withFolder(async (folder) => {
    const embedded = await embedding();
    const ends = await Promise.all(
      Array.from({ length: 6 }, () => run(runner(folder, { embedded }), ["--version"], folder)),
    );
    assert.deepEqual(ends.map(({ end }) => end?.status), [0, 0, 0, 0, 0, 0]);
    assert.equal((await readdir(join(folder, "cache"))).length, 1);
  });
});

test("createRipgrep takes the second folder where the cache folder cannot be used", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "cache"), "a file, not a folder");
    const { end } = await run(runner(folder, { embedded: await embedding() }), ["--version"], folder);
    assert.equal(end?.status, 0);
    assert.equal((await readdir(join(folder, "second"))).length, 1);
  });
});

test("createRipgrep gives up what the system refuses to run and takes the one on the PATH", async () => {
  if (WINDOWS) return;
  await withFolder(async (folder) => {
    const broken = join(folder, "broken");
    await writeFile(broken, Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(500, 7)]));
    const searchPath = await script(folder, "echo from the path");
    const ripgrep = runner(folder, { embedded: await embedding(broken), searchPath });
    assert.equal((await run(ripgrep, [], folder)).output, "from the path\n");
    // The next run does not try the others again.
    await rm(join(folder, "cache"), { recursive: true });
    assert.equal((await run(ripgrep, [], folder)).output, "from the path\n");
    await assert.rejects(stat(join(folder, "cache")));
  });
});

test("createRipgrep says once that nothing can be run, and ignores relative folders of PATH", async () => {
  await withFolder(async (folder) => {
    const warnings: string[] = [];
    const log = { ...SILENT, warn: (message: string) => void warnings.push(message) };
    const ripgrep = runner(folder, { log, searchPath: "bin:.:;relative/bin" });
    assert.equal((await run(ripgrep, ["--version"], folder)).end, undefined);
    assert.equal((await run(ripgrep, ["--version"], folder)).end, undefined);
    assert.equal(warnings.length, 1);
  });
});

test("createRipgrep finds the executable of the npm package when run from source", async () => {
  await withFolder(async (folder) => {
    const sourceFolder = fileURLToPath(new URL("../..", import.meta.url));
    const { output } = await run(runner(folder, { sourceFolder }), ["--version"], folder);
    assert.match(output, /^ripgrep/);
    assert.deepEqual(await readdir(folder), []);
  });
});

test("Ripgrep.run gives the child an empty environment", async () => {
  if (WINDOWS) return;
  await withFolder(async (folder) => {
    const searchPath = await script(folder, "/usr/bin/env");
    const { output } = await run(runner(folder, { searchPath }), [], folder);
    // The shell itself adds a few.
    const names = output.split("\n").map((line) => line.split("=")[0]).filter((name) => name !== "");
    assert.deepEqual(
      names.filter((name) => !["PWD", "SHLVL", "_", "OLDPWD", "PATH"].includes(name ?? "")),
      [],
    );
  });
});

test("Ripgrep.run kills the child when the call is cancelled", async () => {
  if (WINDOWS) return;
  await withFolder(async (folder) => {
    const searchPath = await script(folder, "echo $$\nexec /bin/sleep 60");
    const controller = new AbortController();
    let pid = 0;
    const ended = runner(folder, { searchPath }).run({
      args: [],
      cwd: folder,
      signal: controller.signal,
      take(chunk) {
        pid = Number(chunk.toString());
        controller.abort();
        return true;
      },
    });
    await assert.rejects(ended, CancelledError);
    assert.ok(pid > 0);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
});

test("Ripgrep.run ends the child when there is enough, and keeps little of its errors", async () => {
  if (WINDOWS) return;
  await withFolder(async (folder) => {
    const searchPath = await script(folder, "while :; do echo row; echo error >&2; done");
    let chunks = 0;
    const end = await runner(folder, { searchPath }).run({
      args: [],
      cwd: folder,
      signal: new AbortController().signal,
      take: () => ++chunks < 50,
    });
    assert.equal(end?.stopped, "max");
    assert.equal(end?.status, undefined);
    assert.ok((end?.errors.length ?? 0) <= 64 * 1024);
    assert.equal(chunks, 50);
  });
});

test("Ripgrep.run passes on what fails while output is taken", async () => {
  await withFolder(async (folder) => {
    const ripgrep = runner(folder, { embedded: await embedding() });
    const failing = ripgrep.run({
      args: ["--version"],
      cwd: folder,
      signal: new AbortController().signal,
      take() {
        throw new Error("cannot read this");
      },
    });
    await assert.rejects(failing, /cannot read this/);
  });
});

test("Ripgrep.run says that the folder is gone, and keeps the executable", async () => {
  await withFolder(async (folder) => {
    const ripgrep = runner(folder, { embedded: await embedding() });
    await assert.rejects(run(ripgrep, ["--version"], join(folder, "gone")), /the folder is gone/);
    assert.equal((await run(ripgrep, ["--version"], folder)).end?.status, 0);
  });
});
