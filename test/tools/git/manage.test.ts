import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createApp } from "../../../lib/app.ts";
import { loadConfig } from "../../../lib/config.ts";
import { modules } from "../../../main.ts";
import { configure } from "../../rig/git.ts";
import { withCleanRepository } from "../../rig/git-tools.ts";

test("git_manage merges what has no conflict, and changes nothing where there is one", async () => {
  await withCleanRepository(async (call, place) => {
    const merge = (name: string) => call("git_manage", { repo: place.repo, action: "merge", name });
    const merged = await merge("feature");
    assert.match(merged.text, /Merged feature into main, at [0-9a-f]{12}: 1 file changed on disk/);
    assert.match((await merge("feature")).text, /already has everything/);
    await place.git(["switch", "-q", "-c", "other", "HEAD~1"]);
    await place.put({ "a.txt": "one\nzwei\nthree\n" });
    await place.git(["commit", "-qam", "Zwei"]);
    await place.git(["switch", "-q", "-c", "third", "main~1"]);
    await place.put({ "a.txt": "one\ndos\nthree\n" });
    await place.git(["commit", "-qam", "Dos"]);
    const before = (await place.git(["rev-parse", "HEAD"])).stdout;
    const conflict = await merge("other");
    assert.equal(conflict.isError, true);
    assert.match(conflict.text, /both sides changed a\.txt\nNothing was changed/);
    assert.equal((await place.git(["status", "--porcelain"])).stdout, "");
    assert.equal((await place.git(["rev-parse", "HEAD"])).stdout, before);
  });
});

test("git_manage merges over no change that is not committed, and over nothing git ignores", async () => {
  await withCleanRepository(async (call, place) => {
    const merge = () => call("git_manage", { repo: place.repo, action: "merge", name: "feature" });
    await place.put({ "feature.dat": "mine\n", ".git/info/exclude": "feature.dat\n" });
    const ignored = await merge();
    assert.equal(ignored.isError, true, ignored.text);
    assert.match(ignored.text, /git does not know would be overwritten: feature\.dat/);
    assert.equal(await readFile(join(place.repo, "feature.dat"), "utf8"), "mine\n");
    await place.git(["clean", "-qfdx"]);
    await place.put({ "a.txt": "mine\n" });
    const beside = await merge();
    assert.equal(beside.isError, false, beside.text);
    assert.equal(await readFile(join(place.repo, "a.txt"), "utf8"), "mine\n");
  });
});

test("git_manage refuses merges that bring files programs run, or need the repository's driver", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["switch", "-q", "feature"]);
    await place.put({ ".mcp.json": "{}\n" });
    await place.git(["add", "."]);
    await place.git(["commit", "-qm", "Servers"]);
    await place.git(["switch", "-q", "main"]);
    const merge = () => call("git_manage", { repo: place.repo, action: "merge", name: "feature" });
    assert.match((await merge()).text, /\.mcp\.json, which no tool may/);
    await configure(place, { "merge.evil.driver": place.mark() });
    assert.match((await merge()).text, /merge\.evil\.driver/);
    assert.equal((await place.git(["status", "--porcelain"])).stdout, "");
  });
});

test("git_manage puts changes away and brings them back, and keeps a stash that conflicts", async () => {
  await withCleanRepository(async (call, place) => {
    await place.put({ "a.txt": "mine\n", "untracked.txt": "stays\n" });
    const away = await call("git_manage", { repo: place.repo, action: "stash", message: "Later" });
    assert.match(
      away.text,
      /Put the changes of 1 file away.*stash@\{0\}, the commit [0-9a-f]{40}\n {2}a\.txt/,
    );
    assert.equal(await readFile(join(place.repo, "untracked.txt"), "utf8"), "stays\n");
    const nothing = await call("git_manage", { repo: place.repo, action: "stash" });
    assert.match(nothing.text, /Nothing to put away/);
    await place.put({ "a.txt": "other\n" });
    const dirty = await call("git_manage", { repo: place.repo, action: "unstash" });
    assert.equal(dirty.isError, true, dirty.text);
    assert.equal(await readFile(join(place.repo, "a.txt"), "utf8"), "other\n");
    await place.git(["commit", "-qam", "Other"]);
    const conflict = await call("git_manage", { repo: place.repo, action: "unstash" });
    assert.match(conflict.text, /with conflicts in a\.txt/);
    assert.equal((await place.git(["stash", "list"])).stdout.split("\n").length, 3);
    await place.git(["reset", "-q", "--hard", "HEAD~1"]);
    const back = await call("git_manage", { repo: place.repo, action: "unstash", name: "stash@{0}" });
    assert.equal(back.isError, false, back.text);
    assert.equal(await readFile(join(place.repo, "a.txt"), "utf8"), "mine\n");
  });
});

test("git_manage makes tags that are new, and work trees in the allowed folders alone", async () => {
  await withCleanRepository(async (call, place) => {
    const manage = (args: object) => call("git_manage", { repo: place.repo, ...args });
    assert.equal((await manage({ action: "tag", name: "v1" })).isError, false);
    assert.match((await manage({ action: "tag", name: "v1" })).text, /it exists/);
    assert.equal((await manage({ action: "tag", name: "v2", message: "Two" })).isError, false);
    assert.equal((await place.git(["cat-file", "-t", "v2"])).stdout, "tag\n");
    const folder = join(place.dir, "tree");
    const made = await manage({ action: "worktree", name: "feature", folder });
    assert.equal(made.isError, false, made.text);
    assert.equal((await place.git(["status", "--porcelain"], { cwd: folder })).stdout, "");
    assert.match((await call("git_status", { repo: folder })).text, /feature/);
    for (const bad of [join(place.outside, "tree"), place.repo, join(place.repo, ".git/tree"), folder]) {
      const { isError, text } = await manage({ action: "worktree", name: "main", folder: bad });
      assert.equal(isError, true, `${bad}: ${text}`);
    }
    const twice = join(place.dir, "twice");
    assert.equal((await manage({ action: "worktree", name: "feature", folder: twice })).isError, true);
    assert.equal((await readdir(place.dir)).includes("twice"), false);
  });
});

test("--git-write decides which tools are offered", async () => {
  const offered = async (...args: string[]) => {
    const host = { platform: "linux", env: {}, home: "/nowhere", cwd: "/" };
    const { config } = await loadConfig(args, [], host);
    const { caller } = createApp(modules, config);
    return caller.tools.map(({ name }) => name).filter((name) => name.startsWith("git_"));
  };
  const reading = ["git_diff", "git_log", "git_show", "git_status"];
  const local = ["git_branch", "git_commit", "git_stage"];
  assert.deepEqual(await offered("--git-write", "none"), reading);
  assert.deepEqual(await offered(), [...reading, ...local].sort());
  const full = [...reading, ...local, "git_clone", "git_manage", "git_sync"];
  assert.deepEqual(await offered("--git-write", "full"), full.sort());
  assert.deepEqual(await offered("--git-write", "full", "--read-only"), reading);
});
