import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { toolsOver } from "../../rig/git-tools.ts";

/** What is staged, one line a file, as git itself says it. */
const STAGED = ["diff", "--cached", "--name-status", "--no-renames"];

test("git_stage stages changed, new and deleted files, and nothing beside them", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await rm(join(place.repo, "sub/c.txt"));
    await place.put({ "sub/d.txt": "d\n", "sub/deep/e.txt": "e\n" });
    const call = toolsOver(place);
    const { text, isError } = await call("git_stage", { repo: place.repo, paths: ["sub"] });
    assert.equal(isError, false, text);
    assert.match(text, /Staged 3 files/);
    assert.match(text, /sub\/c\.txt \(deleted\)/);
    assert.match(text, /sub\/deep\/e\.txt \(new\)/);
    const { stdout } = await place.git(STAGED);
    assert.deepEqual(stdout.trim().split("\n"), [
      ...["M\tb.txt", "D\tsub/c.txt", "A\tsub/d.txt", "A\tsub/deep/e.txt"],
    ]);
  });
});

test("git_stage takes files out again, in a repository without a commit, too", async () => {
  await withGitPlace(async (place) => {
    await mkdir(place.repo);
    await place.git(["init", "-q"]);
    await place.put({ "a.txt": "a\n", "b.txt": "b\n" });
    const call = toolsOver(place);
    await call("git_stage", { repo: place.repo, paths: ["."] });
    const { text, isError } = await call("git_stage", { repo: place.repo, paths: ["a.txt"], unstage: true });
    assert.equal(isError, false, text);
    const { stdout } = await place.git(["ls-files"]);
    assert.equal(stdout, "b.txt\n");
  });
});

test("git_stage takes names literally that git would take for patterns or options", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const names = ["*.md", "--all", ":(top)x", "[a].txt", "line\nbreak.txt", " space", "-A"];
    for (const name of names) await place.put({ [name]: "x\n" });
    const call = toolsOver(place);
    for (const name of names) {
      const { text, isError } = await call("git_stage", { repo: place.repo, paths: [name] });
      assert.equal(isError, false, text);
    }
    const { stdout } = await place.git([...STAGED, "-z"]);
    const staged = stdout.split("\0").filter((_, at) => at % 2 === 1);
    assert.deepEqual(staged.sort(), [...names, "b.txt"].sort());
  });
});

test("git_stage leaves out secrets and says so, however they are named", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.put({ ".env": "TOKEN=1\n", "keys/id_ed25519": "key\n", "keys/readme.md": "read\n" });
    const call = toolsOver(place);
    const all = await call("git_stage", { repo: place.repo, paths: ["."] });
    assert.match(all.text, /Left out: \.env, keys\/id_ed25519 \(it is protected/);
    const { stdout } = await place.git(STAGED);
    assert.match(stdout, /keys\/readme\.md/);
    assert.doesNotMatch(stdout, /env|id_ed25519/);
    for (const name of [".env", join(place.repo, ".env"), "keys/../.env", "keys/id_ed25519"]) {
      const { text, isError } = await call("git_stage", { repo: place.repo, paths: [name] });
      assert.equal(isError, true, text);
      assert.match(text, /Nothing was staged.*protected/);
    }
  });
});

test("git_stage leaves out what a filter would have to write, and repositories within", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["config", "--global", "filter.lfs.clean", place.mark("cat")]);
    await place.put({ ".gitattributes": "*.dat filter=lfs\n" });
    await place.git(["init", "-q", "within"]);
    await writeFile(join(place.repo, "within/f.txt"), "f\n");
    const { text } = await toolsOver(place)("git_stage", { repo: place.repo, paths: ["."] });
    assert.match(text, /data\.dat, new\.dat \(it goes through the program of the filter "lfs"/);
    assert.match(text, /"within\/" \(it is a repository of its own\)/);
    const { stdout } = await place.git(["-c", "filter.lfs.clean=", ...STAGED]);
    assert.doesNotMatch(stdout, /\.dat|within/);
    assert.equal(await place.marked(), false);
  });
});

test("git_stage refuses paths outside the repository, also by links", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await writeFile(join(place.outside, "secret.txt"), "secret\n");
    await symlink(place.outside, join(place.repo, "linked"));
    const call = toolsOver(place);
    for (
      const path of [
        "../origin.git/HEAD",
        "../../outside/secret.txt",
        place.outside,
        "linked/secret.txt",
        "/etc",
      ]
    ) {
      const { text, isError } = await call("git_stage", { repo: place.repo, paths: [path] });
      assert.equal(isError, true, `${path}: ${text}`);
    }
    const { stdout } = await place.git(STAGED);
    assert.equal(stdout.trim(), "M\tb.txt");
  });
});

test("git_stage says why there is nothing to stage", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.put({ ".gitignore": "build\n", "build/out.js": "x\n" });
    const call = toolsOver(place);
    const ignored = await call("git_stage", { repo: place.repo, paths: ["build/out.js"] });
    assert.match(ignored.text, /git ignores build\/out\.js/);
    const missing = await call("git_stage", { repo: place.repo, paths: ["a.tx"] });
    assert.match(missing.text, /Changed and not staged: .*a\.txt/);
    assert.equal((await call("git_stage", { repo: place.repo, paths: [] })).isError, true);
  });
});

test("git_stage converts line ends as the person's own configuration says", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["config", "--global", "core.autocrlf", "true"]);
    await place.put({ "crlf.txt": "one\r\ntwo\r\n" });
    await toolsOver(place)("git_stage", { repo: place.repo, paths: ["crlf.txt"] });
    assert.equal((await place.git(["show", ":crlf.txt"])).stdout, "one\ntwo\n");
  });
});

test("git_stage refuses a folder that is allowed for reading only, and a bare repository", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const readOnly = toolsOver(place, { allow: [{ path: place.repo, readOnly: true }] });
    const { text, isError } = await readOnly("git_stage", { repo: place.repo, paths: ["."] });
    assert.equal(isError, true);
    assert.match(text, /reading only/);
    const bare = await toolsOver(place)("git_stage", { repo: join(place.dir, "origin.git"), paths: ["."] });
    assert.match(bare.text, /bare/);
  });
});

test("git_stage waits for another git, and tells when its lock stays", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const lock = join(place.repo, ".git/index.lock");
    const call = toolsOver(place);
    await writeFile(lock, "");
    const staying = await call("git_stage", { repo: place.repo, paths: ["a.txt"] });
    assert.equal(staying.isError, true);
    assert.match(staying.text, /Another program is working.*"index\.lock"/);
    const waiting = call("git_stage", { repo: place.repo, paths: ["a.txt"] });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await rm(lock);
    assert.equal((await waiting).isError, false);
  });
});
