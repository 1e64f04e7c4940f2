import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { describeChange } from "../../lib/changes.ts";
import { targets } from "../client.ts";

interface Place {
  readonly dir: string;
  readonly home: string;
  run(...args: string[]): Promise<{ code: number; out: string; err: string }>;
}

/** Runs `work` once for every way to start the program, in fresh folders. */
async function withProgram(work: (place: Place) => Promise<void>): Promise<void> {
  for (const { command, args: first } of targets()) {
    const home = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-home-")));
    const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-dir-")));
    try {
      await work({
        dir,
        home,
        async run(...args) {
          const env = { HOME: home, USERPROFILE: home, TZ: "UTC" };
          const child = spawn(command, [...first, ...args], {
            cwd: dir,
            env,
            stdio: ["ignore", "pipe", "pipe"],
          });
          const [out, err, [code]] = await Promise.all([
            text(child.stdout),
            text(child.stderr),
            once(child, "close"),
          ]);
          return { code, out, err };
        },
      });
    } finally {
      await rm(home, { recursive: true, force: true });
      await rm(dir, { recursive: true, force: true });
    }
  }
}

test("describeChange shows a change in one line that no name can break", () => {
  const line = describeChange({
    id: 3,
    at: new Date("2026-11-22T09:49:07Z"),
    action: "move",
    path: "/a\nb",
    destination: "/c",
    kind: "file",
    sizeBefore: 1_234,
    sizeAfter: 1_234,
    entries: 1,
    status: "undone",
    undoneBy: 4,
  }, "Europe/Berlin");
  assert.equal(line, '3  2026-11-22T10:49:07+01:00  move "/a\\u000ab" -> /c (1.2 kB, undone by 4)');
});

test("changes shows what call changed, with a diff, as JSON", async () => {
  await withProgram(async ({ run, dir, home }) => {
    assert.match((await run("changes")).out, /^Nothing was changed/);
    assert.equal(existsSync(join(home, ".local/share/clawhammer")), false);
    await writeFile(join(dir, "a.txt"), "one\ntwo\n");
    const edit = JSON.stringify({ path: "a.txt", edits: [{ oldText: "two", newText: "2\u001b[31m" }] });
    assert.equal((await run("call", "edit_file", edit, "--allow", dir)).code, 0);
    const { out } = await run("changes", "--diff");
    assert.match(
      out,
      /^1 {2}\S+ {2}write \S+a\.txt \(8 B -> 11 B\)\n--- [^]*\n one\n-two\n\+2\\u001b\[31m\n/,
    );
    const [change] = JSON.parse((await run("changes", "--json")).out);
    assert.deepEqual([change.id, change.action, change.path], [1, "write", join(dir, "a.txt")]);
    for (const args of [["--limit", "0"], ["--limit", "x"], ["extra"]]) {
      assert.equal((await run("changes", ...args)).code, 2, args.join(" "));
    }
  });
});

test("undo takes back the newest change, one by number, the last N, and those since a time", async () => {
  await withProgram(async ({ run, dir }) => {
    const write = async (name: string, content: string) => {
      assert.equal(
        (await run("call", "write_file", `path=${name}`, `content=${content}`, "--allow", dir)).code,
        0,
      );
    };
    const read = async (name: string) => await readFile(join(dir, name), "utf8");
    assert.equal((await run("undo")).out, "Nothing to undo\n");
    await write("a", "1");
    await write("a", "2");
    await write("b", "3");
    const { out, code } = await run("undo");
    assert.match(
      out,
      /^Undid 3: Deleted ".*b", which it had made \(to bring it back: clawhammer undo 4\)\n$/,
    );
    assert.equal(code, 0);
    assert.equal((await run("undo", "4")).code, 0);
    assert.equal(await read("b"), "3");
    assert.equal((await run("undo", "--last", "2")).code, 0);
    assert.equal(await read("a"), "1");
    assert.deepEqual(await readdir(dir), ["a"]);
    assert.equal((await run("undo", "--since", "1h")).code, 0);
    assert.deepEqual(await readdir(dir), []);
    for (const args of [["x"], ["1", "2"], ["1", "--last", "2"], ["--since", "soon"], ["--last", "0"]]) {
      assert.equal((await run("undo", ...args)).code, 2, args.join(" "));
    }
  });
});

test("undo stops at the first change it cannot take back, says why, and exits with 1", async () => {
  await withProgram(async ({ run, dir }) => {
    for (const name of ["a", "b"]) {
      await run("call", "write_file", `path=${name}`, "content=1", "--allow", dir);
    }
    await writeFile(join(dir, "b"), "changed by the person");
    const { code, err } = await run("undo", "--last", "2", "--yes");
    assert.equal(code, 1);
    assert.match(err, /^clawhammer: Cannot undo change 2: ".*b" has changed since\n[^]*The 1 before it/);
    assert.deepEqual((await readdir(dir)).sort(), ["a", "b"]);
  });
});

test("undo from the shell stays in the folder that was allowed, whatever took its place", async () => {
  await withProgram(async ({ run, dir, home }) => {
    await mkdir(join(dir, "allowed"));
    await mkdir(join(home, "elsewhere"));
    await run("call", "write_file", "path=a", "content=1", "--allow", join(dir, "allowed"));
    await rename(join(dir, "allowed"), join(dir, "gone"));
    await writeFile(join(home, "elsewhere/a"), "1");
    await symlink(join(home, "elsewhere"), join(dir, "allowed"));
    const { code, err } = await run("undo", "1");
    assert.equal(code, 1);
    assert.match(err, /leads outside/);
    assert.equal(await readFile(join(home, "elsewhere/a"), "utf8"), "1");
  });
});
