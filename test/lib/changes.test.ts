import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { describeChange } from "../../lib/changes.ts";
import { type Outcome, type Program, withProgram } from "../rig/run.ts";

type Place = Omit<Program, "run"> & { run(...args: string[]): Promise<Outcome> };

/** Runs `work` with the program in fresh folders, in UTC. */
async function inUtc(work: (place: Place) => Promise<void>): Promise<void> {
  await withProgram(async ({ dir, home, run }) => {
    await work({ dir, home, run: (...args) => run(args, { env: { TZ: "UTC" } }) });
  });
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
  await inUtc(async ({ run, dir, home }) => {
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
  await inUtc(async ({ run, dir }) => {
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
  await inUtc(async ({ run, dir }) => {
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
  await inUtc(async ({ run, dir, home }) => {
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
