/**
 * Reading repositories of every kind, also those that are broken.
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createCaller } from "../../../lib/call.ts";
import { createFiles } from "../../../lib/fs/files.ts";
import { openRoots } from "../../../lib/fs/roots.ts";
import { createGit } from "../../../lib/git/git.ts";
import { createPrograms } from "../../../lib/programs.ts";
import { git as gitModule } from "../../../tools/git/index.ts";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { type Call, good, toolsOver, withRepository } from "../../rig/git-tools.ts";
import { reachOf, SILENT } from "../../support.ts";

async function bad(call: Call, name: string, args: object): Promise<string> {
  const { text, isError } = await call(name, args);
  assert.equal(isError, true, text);
  return text;
}

test("git_status, git_log, git_show and git_diff read a bare repository, by its own name alone", async () => {
  await withRepository(async (call, { dir, repo, git }) => {
    const bare = join(dir, "origin.git");
    assert.match(await good(call, "git_status", { repo: bare }), /on branch main \(bare: it has no files/);
    assert.match(await good(call, "git_log", { repo: bare }), /second line/);
    assert.match(await good(call, "git_show", { repo: bare, ref: "HEAD", path: "a.txt" }), /:\none\n2/);
    assert.match(await good(call, "git_diff", { repo: bare, from: "main..feature" }), /feature\.dat/);
    assert.match(await bad(call, "git_diff", { repo: bare }), /it is bare, so there are none/);
    assert.match(await bad(call, "git_status", { repo: join(bare, "refs") }), /is not in a git repository/);
    // A work tree whose repository says that it has none.
    await git(["config", "core.bare", "true"]);
    assert.match(await good(call, "git_status", { repo }), /bare/);
  });
});

test("git_status reads linked work trees, and refuses one whose repository is not allowed", async () => {
  await withRepository(async (call, place) => {
    const { dir, outside, repo, git } = place;
    await git(["worktree", "add", "-q", join(dir, "tree"), "feature"]);
    assert.match(await good(call, "git_status", { repo: join(dir, "tree") }), /tree: on branch feature/);
    assert.match(await good(call, "git_show", { repo: join(dir, "tree"), ref: "HEAD" }), /Add the feature/);
    await git(["clone", "-q", repo, join(outside, "main")]);
    await git(["worktree", "add", "-q", "-b", "x", join(dir, "lost")], { cwd: join(outside, "main") });
    const text = await bad(call, "git_status", { repo: join(dir, "lost") });
    assert.match(text, /its "\.git" leads outside the allowed folders/);
    assert.ok(!text.includes(outside));
  });
});

test("git_status reads submodules, and the repository around them", async () => {
  await withRepository(async (call, { dir, repo, git }) => {
    const add = [
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "--quiet",
      "add",
      join(dir, "origin.git"),
      "mod",
    ];
    await git(add);
    assert.match(await good(call, "git_status", { repo }), /A mod {2}\(submodule\)/);
    assert.match(await good(call, "git_status", { repo: join(repo, "mod") }), /mod: on branch main/);
    await git(["commit", "-qm", "Add a module"]);
    assert.match(
      await good(call, "git_show", { repo, ref: "HEAD", path: "mod" }),
      /is a submodule, at its commit/,
    );
    assert.match(
      await good(call, "git_diff", { repo, from: "HEAD~1", paths: ["mod"] }),
      /\+Subproject commit/,
    );
  });
});

test("git_log reads a shallow clone", async () => {
  await withRepository(async (call, { dir, repo, git }) => {
    await git(["clone", "-q", "--depth", "1", `file://${repo}`, join(dir, "shallow")]);
    const log = await good(call, "git_log", { repo: join(dir, "shallow") });
    assert.match(log, /second line/);
    assert.doesNotMatch(log, /Start/);
    assert.match(
      await good(call, "git_show", { repo: join(dir, "shallow"), ref: "HEAD" }),
      /It has no parent/,
    );
    assert.match(
      await bad(call, "git_show", { repo: join(dir, "shallow"), ref: "HEAD~1" }),
      /No commit is called/,
    );
  });
});

test("git_show fetches nothing that a partial clone lacks", async () => {
  await withRepository(async (call, { dir, repo, git, marked, script }) => {
    await git(["config", "uploadpack.allowFilter", "true"]);
    await git(["clone", "-q", "--no-checkout", "--filter=blob:none", `file://${repo}`, join(dir, "partial")]);
    const partial = join(dir, "partial");
    await git(["config", "remote.origin.uploadpack", await script("upload.sh")], { cwd: partial });
    assert.match(await good(call, "git_log", { repo: partial }), /Start/);
    const text = await bad(call, "git_show", { repo: partial, ref: "HEAD", path: "a.txt" });
    assert.match(text, /This is a partial clone and the object is not here/);
    assert.doesNotMatch(text, /transport .* not allowed/, "a fetch was begun");
    assert.equal(await marked(), false);
    // The control: plain git does fetch.
    await git(["show", "HEAD:a.txt"], { cwd: partial, mayFail: true });
    assert.equal(await marked(), true);
  });
});

test("git_status reads a repository without commits, and one on no branch", async () => {
  await withRepository(async (call, { dir, repo, git }) => {
    const empty = join(dir, "empty");
    await git(["init", "-q", "-b", "trunk", empty]);
    await writeFile(join(empty, "a"), "a\n");
    assert.match(
      await good(call, "git_status", { repo: empty }),
      /on branch trunk, no commits yet\nUntracked \(1\):/,
    );
    assert.match(await bad(call, "git_log", { repo: empty }), /There is no commit yet/);
    await git(["add", "a"], { cwd: empty });
    assert.match(await good(call, "git_diff", { repo: empty, staged: true }), /A a {2}\+1 -0/);
    await git(["checkout", "-q", "--detach", "HEAD~1"], { mayFail: true });
    await git(["stash", "-q", "-u"]);
    await git(["checkout", "-q", "--detach", "HEAD~1"]);
    assert.match(await good(call, "git_status", { repo }), /no branch, HEAD is detached at [0-9a-f]{10}/);
  });
});

test("git_log reads a repository of SHA-256 hashes", async () => {
  await withGitPlace(async (place) => {
    const { repo, git, put } = place;
    await mkdir(repo);
    await git(["init", "-q", "--object-format=sha256"]);
    await put({ "a.txt": "a\n" });
    await git(["add", "."]);
    await git(["commit", "-qm", "Start"]);
    const call = toolsOver(place);
    const shown = await good(call, "git_show", { repo, ref: "HEAD" });
    assert.match(shown, /commit [0-9a-f]{64}/);
    assert.match(shown, /A a\.txt {2}\+1 -0/);
    assert.match(await good(call, "git_show", { repo, ref: "HEAD", path: "a.txt", blame: true }), /1 {2}a/);
    assert.match(await good(call, "git_log", { repo, path: "a.txt" }), /Start/);
  });
});

test("git_diff reads names that are no UTF-8, and keeps such secrets", async () => {
  await withRepository(async (call, { repo, git, put }) => {
    await put({ "x": "hidden\n" });
    const blob = (await git(["hash-object", "-w", "x"])).stdout.trim();
    const entries = Buffer.concat([
      Buffer.from(`100644 ${blob}\tcaf`),
      Buffer.from([0xe9]),
      Buffer.from(`.txt\x00100644 ${blob}\t`),
      Buffer.from([0xff]),
      Buffer.from(".key\0"),
    ]);
    execFileSync("git", ["update-index", "-z", "--index-info"], { cwd: repo, input: entries });
    const text = await good(call, "git_diff", { repo, staged: true });
    assert.match(text, /A café\.txt/);
    assert.match(text, /A ÿ\.key {2}contents not shown/);
    assert.doesNotMatch(text, /hidden/);
    assert.match(text, /The patch is not shown/);
  });
});

test("git_log names the nearest of a thousand branches", async () => {
  await withRepository(async (call, { repo, git }) => {
    const head = (await git(["rev-parse", "HEAD"])).stdout.trim();
    const input = Array.from({ length: 1_000 }, (_, i) => `create refs/heads/topic-${i} ${head}\n`).join("");
    await git(["update-ref", "--stdin"], { input });
    assert.match(await bad(call, "git_log", { repo, range: "topic-77x" }), /Nearest: topic-77/);
    assert.ok((await good(call, "git_log", { repo })).length < 2_000);
  });
});

test("git_status and git_show say what is wrong with a damaged repository", async () => {
  await withRepository(async (call, { dir, repo, git }) => {
    const object = (await git(["rev-parse", "HEAD:a.txt"])).stdout.trim();
    await rm(join(repo, ".git/objects", object.slice(0, 2), object.slice(2)), { force: true });
    assert.match(
      await bad(call, "git_show", { repo, ref: "HEAD", path: "a.txt" }),
      /its contents are not in this repository/,
    );
    await writeFile(join(repo, ".git/index"), "garbage, and more of it than a header");
    assert.match(
      await bad(call, "git_status", { repo }),
      /seems to be damaged\. The person can look at it with git fsck/,
    );
    await writeFile(join(repo, ".git/config"), "[core\nbroken");
    assert.match(await bad(call, "git_status", { repo }), /settings of the repository are damaged/);
    await rm(join(repo, ".git/HEAD"));
    assert.match(await bad(call, "git_status", { repo }), /its "\.git" has no HEAD/);
    await mkdir(join(dir, "odd"));
    await writeFile(join(dir, "odd/.git"), "no path\n");
    assert.match(await bad(call, "git_status", { repo: join(dir, "odd") }), /does not hold a path/);
    assert.match(await bad(call, "git_status", { repo: dir }), /is not in a git repository/);
  });
});

test("git_status uses alternates inside the allowed folders and refuses those outside", async () => {
  await withRepository(async (call, { dir, outside, repo, git }) => {
    await git(["clone", "-q", "--shared", repo, join(dir, "shared")]);
    assert.match(await good(call, "git_log", { repo: join(dir, "shared") }), /Start/);
    await git(["clone", "-q", repo, join(outside, "far")]);
    await git(["clone", "-q", "--shared", join(outside, "far"), join(dir, "near")]);
    assert.match(
      await bad(call, "git_log", { repo: join(dir, "near") }),
      /leads outside the allowed folders/,
    );
    // Also by way of another object store that is allowed.
    await git(["clone", "-q", "--shared", join(dir, "near"), join(dir, "chain")]);
    assert.match(
      await bad(call, "git_log", { repo: join(dir, "chain") }),
      /leads outside the allowed folders/,
    );
  });
});

test("git_status refuses a repository of another user, unless the person trusts it", async () => {
  // Giving a folder away takes the rights of the administrator.
  if (process.getuid?.() !== 0) return;
  await withRepository(async (call, { repo, home, git }) => {
    chownSync(join(repo, ".git"), 12_345, 12_345);
    assert.match(
      await bad(call, "git_status", { repo }),
      /belongs to another user \(number 12345, this one is 0\)\n.*safe\.directory/,
    );
    await git(["config", "--file", join(home, ".gitconfig"), "safe.directory", repo]);
    await good(call, "git_status", { repo });
  });
});

test("git_status hides what the person ignores everywhere, and takes no list from elsewhere", async () => {
  await withRepository(async (call, { repo, home, outside, git }) => {
    writeFileSync(join(outside, "ignored"), "new.txt\n");
    await git(["config", "core.excludesFile", join(outside, "ignored")]);
    assert.match(await good(call, "git_status", { repo }), /new\.txt/);
    await mkdir(join(home, ".config/git"), { recursive: true });
    writeFileSync(join(home, ".config/git/ignore"), "new.dat\n");
    assert.doesNotMatch(await good(call, "git_status", { repo }), /new\.dat/);
    writeFileSync(join(home, "list"), "new.txt\n");
    await git(["config", "--file", join(home, ".gitconfig"), "core.excludesFile", "~/list"]);
    const text = await good(call, "git_status", { repo });
    assert.match(text, /new\.dat/);
    assert.doesNotMatch(text, /new\.txt/);
  });
});

test("git_status and git_diff write nothing, not even the index", async () => {
  await withRepository(async (call, { repo, git, put }) => {
    const index = () => readFileSync(join(repo, ".git/index")).toString("base64");
    await writeFile(join(repo, "a.txt"), "one\n2\nthree\n");
    await git(["checkout", "-q", "data.dat"]);
    await put({ "pixel.bin": new Uint8Array([0, 1, 2]) });
    await git(["add", "pixel.bin", "new.txt"]);
    const [before, entries] = [index(), readdirSync(join(repo, ".git")).join()];
    // Touched, and not changed: plain git notes the new times in the index when it compares.
    for (const name of ["a.txt", "data.dat", "new.txt", "pixel.bin"]) utimesSync(join(repo, name), 1, 1);
    assert.match(await good(call, "git_diff", { repo }), /not staged: no differences/);
    for (const [name, args] of [["git_status", {}], ["git_diff", {}], ["git_log", {}]] as const) {
      await good(call, name, { repo, ...args });
    }
    assert.equal(index(), before);
    assert.equal(readdirSync(join(repo, ".git")).join(), entries);
    // The control: plain git does write it.
    await git(["diff"]);
    assert.notEqual(index(), before);
  });
});

test("git_status says how to install git where there is none", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const { roots } = openRoots([{ path: place.dir, readOnly: false }]);
    const files = createFiles(roots);
    const host = { platform: "darwin", env: {}, home: place.home, cwd: "/" };
    const programs = { find: () => Promise.resolve(undefined), searchPath: () => Promise.resolve("") };
    const git = createGit({ files, host, programs });
    const reach = reachOf({ files, git });
    const caller = createCaller([gitModule], {
      log: SILENT,
      readOnly: false,
      reach: () => Promise.resolve(reach),
    });
    const { content, isError } = await caller.call("git_status", { repo: place.repo });
    assert.equal(isError, true);
    assert.match(JSON.stringify(content), /it is not installed[^]*xcode-select --install/);
  });
});

test("git_status runs no git that stands in an allowed folder", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const evil = await place.script("bin/git", "exit 0");
    await symlink(evil, join(place.outside, "git"));
    const { roots } = openRoots([{ path: place.dir, readOnly: false }]);
    const env = { PATH: `${join(place.repo, "bin")}:${place.outside}:${process.env.PATH}` };
    const host = { platform: process.platform, env, home: place.home, cwd: "/" };
    const files = createFiles(roots);
    const git = createGit({ files, host, programs: createPrograms({ host, allowed: roots }) });
    const signal = new AbortController().signal;
    await git.withRepository(place.repo, { signal }, (repository) => repository.run({ name: "status" }));
    assert.equal(await place.marked(), false);
  });
});

test("git_log stops git at once when the call is cancelled", async () => {
  await withRepository(async (_call, place) => {
    const { roots } = openRoots([{ path: place.dir, readOnly: false }]);
    const host = { platform: process.platform, env: { PATH: process.env.PATH }, home: place.home, cwd: "/" };
    const git = createGit({
      files: createFiles(roots),
      host,
      programs: createPrograms({ host, allowed: roots }),
    });
    const stop = new AbortController();
    // Waits for input that never comes.
    const work = git.withRepository(place.repo, { signal: stop.signal }, async (repository) => {
      const running = repository.run({ name: "log", options: ["--all"], take: () => true, revisions: [] });
      stop.abort();
      return await running;
    });
    await assert.rejects(work, { name: "CancelledError" });
  });
});
