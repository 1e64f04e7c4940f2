import { spawnSync } from "node:child_process";
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { configure, type GitPlace, makeRepository, withGitPlace } from "../../rig/git.ts";
import { toolsOver } from "../../rig/git-tools.ts";

async function head({ git }: GitPlace, format: string): Promise<string> {
  return (await git(["log", "-1", `--format=${format}`])).stdout.trim();
}

test("git_commit commits what is staged as the person and shows it", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const message = "Tell what changes\n\n# Why, and not a comment\n- 50 % done; $HOME `x`";
    const { text, isError } = await toolsOver(place)("git_commit", { repo: place.repo, message });
    assert.equal(isError, false, text);
    assert.match(
      text,
      /^Committed [0-9a-f]{12} on main: Tell what changes\nAuthor: Ada Person <ada@example.test>\n/,
    );
    assert.match(text, /b\.txt \| 2 \+-\n 1 file changed/);
    assert.equal(await head(place, "%B"), message);
    assert.equal(await head(place, "%an %cn %ce"), "Ada Person Ada Person ada@example.test");
    // What was changed and not staged stays so.
    assert.match((await place.git(["status", "--porcelain"])).stdout, /^ M a\.txt/);
  });
});

test("git_commit makes the first commit of a repository", async () => {
  await withGitPlace(async (place) => {
    await mkdir(place.repo);
    await place.git(["init", "-q", "-b", "trunk"]);
    await place.put({ "a.txt": "a\n" });
    const call = toolsOver(place);
    const empty = await call("git_commit", { repo: place.repo, message: "x" });
    assert.match(empty.text, /nothing is staged\nCall git_stage.*a\.txt/);
    await call("git_stage", { repo: place.repo, paths: ["."] });
    const { text, isError } = await call("git_commit", { repo: place.repo, message: "Begin" });
    assert.equal(isError, false, text);
    assert.match(text, /on trunk: Begin/);
  });
});

test("git_commit refuses an empty commit, an empty message and an undecided merge", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const refusal = async (message: string) => {
      const { text, isError } = await call("git_commit", { repo: place.repo, message });
      assert.equal(isError, true, text);
      return text;
    };
    assert.match(await refusal(" \n"), /without a message/);
    await place.git(["reset", "-q"]);
    assert.match(await refusal("x"), /nothing is staged\nCall git_stage.*a\.txt, b\.txt/);
    await place.git(["reset", "-q", "--hard"]);
    await place.git(["clean", "-qfd"]);
    assert.match(await refusal("x"), /No file has changed/);
    await place.git(["switch", "-q", "-c", "other", "HEAD~1"]);
    await place.put({ "a.txt": "eins\nzwei\ndrei\n" });
    await place.git(["commit", "-qam", "Other"]);
    await place.git(["merge", "main"], { mayFail: true });
    assert.match(await refusal("x"), /both sides of the merge changed a\.txt/);
    await place.put({ "a.txt": "decided\n" });
    await call("git_stage", { repo: place.repo, paths: ["a.txt"] });
    const { text, isError } = await call("git_commit", { repo: place.repo, message: "Merge" });
    assert.equal(isError, false, text);
    assert.equal((await head(place, "%P")).split(" ").length, 2);
  });
});

test("git_commit says what to do when git does not know whose commit it is", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await writeFile(join(place.home, ".gitconfig"), "[user]\n\tname = Ada\n");
    const { text, isError } = await toolsOver(place)("git_commit", { repo: place.repo, message: "x" });
    assert.equal(isError, true);
    assert.match(text, /no address is set\n.*git config --global user\.name/);
    assert.equal(await head(place, "%s"), "Write the second line as a number");
  });
});

test("git_commit takes names of the repository's own settings, as git does", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await configure(place, { "user.email": "ada@work.test" });
    const { text } = await toolsOver(place)("git_commit", { repo: place.repo, message: "x" });
    assert.match(text, /Author: Ada Person <ada@work\.test>/);
  });
});

test("git_commit signs as the person's configuration says, with no program of the repository", async () => {
  if (spawnSync("ssh-keygen", ["-?"]).error !== undefined) return;
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const key = join(place.home, "key");
    await place.git(["-q", "-t", "ed25519", "-N", "", "-f", key], { program: "ssh-keygen" });
    for (
      const [name, value] of [["commit.gpgSign", "true"], ["gpg.format", "ssh"], [
        "user.signingKey",
        `${key}.pub`,
      ]]
    ) {
      await place.git(["config", "--global", name ?? "", value ?? ""]);
    }
    await configure(place, { "gpg.ssh.program": await place.script("evil.sh"), "gpg.format": "openpgp" });
    await configure(place, { "user.signingKey": "evil", "gpg.program": join(place.repo, "evil.sh") });
    await place.marked();
    const { text, isError } = await toolsOver(place)("git_commit", { repo: place.repo, message: "Signed" });
    assert.equal(isError, false, text);
    assert.match(text, /; signed/);
    assert.match(
      (await place.git(["cat-file", "commit", "HEAD"])).stdout,
      /gpgsig -----BEGIN SSH SIGNATURE-----/,
    );
    assert.equal(await place.marked(), false);
  });
});

test("git_commit refuses a signing program that tools could have written", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["config", "--global", "commit.gpgSign", "true"]);
    await place.git(["config", "--global", "gpg.program", await place.script("gpg.sh")]);
    await place.marked();
    const call = toolsOver(place);
    const reachable = await call("git_commit", { repo: place.repo, message: "x" });
    assert.match(reachable.text, /gpg\.program is .*inside an allowed folder/i);
    await place.git(["config", "--global", "gpg.program", "/bin/false"]);
    const failing = await call("git_commit", { repo: place.repo, message: "x" });
    assert.equal(failing.isError, true);
    assert.match(failing.text, /signing failed/);
    assert.equal(await head(place, "%s"), "Write the second line as a number");
    assert.equal(await place.marked(), false);
  });
});

test("git_commit runs no hooks and says so; with --git-hooks it shows what they say", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.script(".git/hooks/pre-commit", "echo checked by the hook");
    const without = await toolsOver(place)("git_commit", { repo: place.repo, message: "x" });
    assert.match(
      without.text,
      /Hooks were not run \(pre-commit\): the person can allow them with --git-hooks/,
    );
    assert.equal(await place.marked(), false);
    const call = toolsOver(place, { hooks: true });
    await call("git_stage", { repo: place.repo, paths: ["a.txt"] });
    assert.equal(await place.marked(), false, "staging runs none");
    const { text, isError } = await call("git_commit", { repo: place.repo, message: "y" });
    assert.equal(isError, false, text);
    assert.match(text, /Hooks were run: pre-commit\.\nTheir output:\nchecked by the hook/);
    assert.equal(await place.marked(), true);
    await place.script(".git/hooks/pre-commit", "echo no tabs, please; exit 1");
    await call("git_stage", { repo: place.repo, paths: ["new.txt"] });
    const refused = await call("git_commit", { repo: place.repo, message: "z" });
    assert.equal(refused.isError, true);
    assert.match(refused.text, /a hook or git refused it\. Git said: no tabs, please/);
  });
});

test("git_commit with --git-hooks refuses hooks that stand where tools can write", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.script("hooks/pre-commit");
    await configure(place, { "core.hooksPath": "hooks" });
    const call = toolsOver(place, { hooks: true });
    const { text, isError } = await call("git_commit", { repo: place.repo, message: "x" });
    assert.equal(isError, true);
    assert.match(text, /they stand in .*hooks, which tools can write to/);
    assert.equal(await place.marked(), false);
    // A folder that no tool may write is as good as .git/hooks.
    await place.script(".husky/pre-commit");
    await place.git(["config", "core.hooksPath", ".husky"]);
    const guarded = await call("git_commit", { repo: place.repo, message: "x" });
    assert.equal(guarded.isError, false, guarded.text);
    assert.equal(await place.marked(), true);
  });
});

test("a cancelled git_commit leaves no lock, and all of a commit or nothing of it", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    for (const wait of [0, 1, 5, 10, 20, 30, 40, 60, 80]) {
      await place.put({ "a.txt": `after ${wait}\n` });
      await place.git(["add", "a.txt"]);
      const before = await head(place, "%H");
      const stop = new AbortController();
      const calling = call("git_commit", { repo: place.repo, message: `After ${wait}` }, stop.signal);
      setTimeout(() => stop.abort(), wait);
      await calling.catch(() => {});
      // What was begun is finished by the time another call gets its turn.
      await call("git_stage", { repo: place.repo, paths: ["."] });
      // A git that was begun and is no longer waited for may take a moment to end.
      for (let round = 0; round < 100 && (await locksIn(place.repo)).length > 0; round++) await pause(30);
      assert.deepEqual(await locksIn(place.repo), [], `after ${wait} ms`);
      await place.git(["fsck", "--strict"]);
      const { stdout } = await place.git(["diff", "--cached", "--name-only"]);
      const isCommitted = await head(place, "%H") !== before;
      assert.equal(stdout.includes("a.txt"), !isCommitted, `after ${wait} ms`);
    }
  });
});

async function locksIn(repo: string): Promise<string[]> {
  return (await readdir(join(repo, ".git"))).filter((name) => name.endsWith(".lock"));
}

test("commits at the same time are made one after the other, and none is lost", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const other = toolsOver(place);
    await place.git(["commit", "-qam", "All"]);
    const names = Array.from({ length: 6 }, (_, at) => `file-${at}.txt`);
    for (const name of names) await place.put({ [name]: "x\n" });
    const answers = await Promise.all(names.map(async (name, at) => {
      // Two callers do not know of each other, as two processes do not.
      const caller = at % 2 === 0 ? call : other;
      const staged = await caller("git_stage", { repo: place.repo, paths: [name] });
      assert.equal(staged.isError, false, staged.text);
      return await caller("git_commit", { repo: place.repo, message: `Add ${name}` });
    }));
    for (const { text, isError } of answers) {
      if (isError) assert.match(text, /Nothing to commit|Another program/);
    }
    assert.equal(
      (await place.git(["ls-tree", "--name-only", "HEAD"])).stdout.match(/file-/g)?.length,
      names.length,
    );
    await place.git(["fsck", "--strict"]);
  });
});

test("git_commit is not led by the environment of the server", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const evil = await place.script("evil.sh", "cat");
    const env = {
      ...{ GIT_DIR: join(place.outside, ".git"), GIT_WORK_TREE: place.outside, GIT_INDEX_FILE: "/nowhere" },
      ...{
        GIT_EXTERNAL_DIFF: evil,
        GIT_EDITOR: evil,
        GIT_PAGER: evil,
        GIT_SSH_COMMAND: evil,
        GIT_ASKPASS: evil,
      },
      ...{ GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "core.fsmonitor", GIT_CONFIG_VALUE_0: evil },
      ...{ GIT_AUTHOR_NAME: "Somebody", GIT_TRACE: join(place.outside, "trace"), GIT_EXEC_PATH: place.repo },
      ...{ GIT_TEMPLATE_DIR: place.repo, GIT_OBJECT_DIRECTORY: place.outside },
    };
    await place.marked();
    await rm(join(place.repo, "new.txt"));
    const call = toolsOver(place, { env });
    const { text, isError } = await call("git_commit", { repo: place.repo, message: "x" });
    assert.equal(isError, false, text);
    await call("git_diff", { repo: place.repo });
    await chmod(evil, 0o755);
    assert.equal(await place.marked(), false);
    assert.equal(await head(place, "%an"), "Ada Person");
    assert.deepEqual(await readdir(place.outside), []);
  });
});
