import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { cleanMessage } from "../../../lib/git/write/plain.ts";
import { sourceTarget } from "../../client.ts";
import { type GitPlace, makeRepository, withGitPlace } from "../../rig/git.ts";
import { toolsOver } from "../../rig/git-tools.ts";

/** A commit that a server was asked for, and what it answered. */
interface Asked {
  readonly file: string;
  readonly message: string;
  readonly text: string;
  readonly isError: boolean;
}

/** Runs a server of its own that commits so many files. */
async function committer({ dir, repo, home }: GitPlace, name: string, ...more: string[]): Promise<Asked[]> {
  const { command, args } = sourceTarget("test/rig/committer.ts");
  const child = spawn(command, [...args, dir, repo, home, name, ...more], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
  const [status] = await once(child, "close");
  assert.equal(status, 0);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/**
 * Two servers commit at once. Each reply must be about a commit with the message that was sent and the files
 * that the reply names; what a commit found nothing staged for, the other had committed with its own.
 */
async function commitTogether(place: GitPlace, count: number, trailer: string, hooks: string): Promise<void> {
  await place.git(["reset", "-q", "--hard"]);
  await place.git(["clean", "-qfd"]);
  const before = (await place.git(["rev-parse", "HEAD"])).stdout.trim();
  const names = ["ada", "bob"];
  const asked = (await Promise.all(names.map((name) => committer(place, name, `${count}`, hooks)))).flat();
  const answered = asked.filter(({ isError }) => !isError);
  for (const { text, message } of answered) {
    const [, short = ""] = /^Committed ([0-9a-f]{12}) on main/.exec(text) ?? [];
    const body = (await place.git(["log", "-1", "--format=%B", short])).stdout;
    assert.equal(body.trimEnd(), message.trimEnd() + trailer, text);
    const files = (await place.git(["show", "--format=", "--name-only", short])).stdout.trim().split("\n");
    for (const file of files) assert.ok(text.includes(` ${file} `), `${text}\nlacks ${file}`);
  }
  for (const { text } of asked.filter(({ isError }) => isError)) assert.match(text, /^Nothing to commit/);
  const made = (await place.git(["rev-list", "--count", `${before}..main`])).stdout.trim();
  assert.equal(made, `${answered.length}`);
  assert.ok(answered.length > count, `${answered.length} commits of ${2 * count}`);
  const all = (await place.git(["diff", "--name-only", before, "main"])).stdout.trim().split("\n").sort();
  assert.deepEqual(all, asked.map(({ file }) => file).sort());
}

test("two servers that commit at once never mix up their messages", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await commitTogether(place, 12, "", "");
  });
});

test("two servers whose hooks rewrite messages commit one after the other", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const hook = join(place.repo, ".git/hooks/commit-msg");
    await writeFile(hook, '#!/bin/sh\nsleep 0.02\nprintf "\\nChecked: yes\\n" >> "$1"\n');
    await chmod(hook, 0o755);
    // What a server that was killed has left does not count.
    await writeFile(join(place.repo, ".git/clawhammer-commit.lock"), "2147483647\n");
    await commitTogether(place, 4, "\n\nChecked: yes", "hooks");
  });
});

test("git_commit is not kept waiting by what is no lock, or left over", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const hook = join(place.repo, ".git/hooks/commit-msg");
    await writeFile(hook, "#!/bin/sh\n:\n");
    await chmod(hook, 0o755);
    const lock = join(place.repo, ".git/clawhammer-commit.lock");
    const commits = async (title: string) => {
      await writeFile(join(place.repo, "new.txt"), title);
      await place.git(["add", "new.txt"]);
      const { isError, text } = await toolsOver(place, { hooks: true })("git_commit", {
        repo: place.repo,
        message: title,
      });
      assert.equal(isError, false, text);
      await assert.rejects(lstat(lock), { code: "ENOENT" });
    };
    // The number of this process, which lives, as after a restart of the machine.
    await writeFile(lock, `${process.pid}\n`);
    await utimes(lock, new Date(0), new Date(0));
    await commits("old");
    await symlink("HEAD", lock);
    await commits("link");
  });
});

test("git_commit cleans a message as git does, and leaves the same trace", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const messages = [
      "One",
      "\n\n  One  \n\n\n\nTwo\t\r\n \n\nThree\n\n",
      "# not a comment\n\n\u00a0\nÄ \u2028 end",
    ];
    for (const message of messages) {
      const { stdout } = await place.git(["stripspace"], { input: message });
      assert.equal(cleanMessage(message), stdout);
    }
    const reply = await toolsOver(place)("git_commit", { repo: place.repo, message: messages[1] });
    assert.equal(reply.isError, false, reply.text);
    const log = await place.git(["log", "-1", "--format=%B%an %ae %cn %ce"]);
    assert.equal(
      log.stdout,
      "  One\n\nTwo\n\nThree\nAda Person ada@example.test Ada Person ada@example.test\n",
    );
    const reflog = await place.git(["reflog", "-1", "--format=%gs"]);
    assert.equal(reflog.stdout, "commit: One\n");
  });
});

test("git_commit tells when the name is the repository's own choice and not the person's", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["config", "user.email", "other@example.test"]);
    const { text } = await toolsOver(place)("git_commit", { repo: place.repo, message: "As another" });
    assert.match(text, /Author: Ada Person <other@example\.test> \(as the repository's own settings say/);
  });
});
