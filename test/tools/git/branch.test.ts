import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { git } from "../../../tools/git/index.ts";
import { type GitPlace, makeRepository, withGitPlace } from "../../rig/git.ts";
import { withCleanRepository } from "../../rig/git-tools.ts";
import { withSandbox } from "../../support.ts";

async function current({ git }: GitPlace): Promise<string> {
  return (await git(["branch", "--show-current"])).stdout.trim();
}

test("git_branch lists branches, and those that only a remote has", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["push", "-q", "origin", "feature:elsewhere"]);
    await place.git(["fetch", "-q"]);
    const { text } = await call("git_branch", { repo: place.repo });
    assert.match(text, /^\* main {2}[0-9a-f]{12} 2026-09-14 {2}Write the second line/m);
    assert.match(text, /^ {2}feature /m);
    assert.match(text, /Only at a remote:\n {2}origin\/elsewhere /);
    assert.doesNotMatch(text, /origin\/main/);
  });
});

test("git_branch creates a branch, from another one, too, and follows that of a remote", async () => {
  await withCleanRepository(async (call, place) => {
    const made = await call("git_branch", { repo: place.repo, name: "a/b", create: true });
    assert.equal(made.isError, false, made.text);
    assert.equal(await current(place), "main");
    const from = { repo: place.repo, name: "mine", create: true, from: "origin/feature", switch: true };
    const tracking = await call("git_branch", from);
    assert.match(
      tracking.text,
      /following origin\/feature\nSwitched to mine at [0-9a-f]{12}: 3 files changed/,
    );
    assert.equal(
      (await place.git(["rev-parse", "--abbrev-ref", "mine@{u}"])).stdout.trim(),
      "origin/feature",
    );
    const again = await call("git_branch", { repo: place.repo, name: "mine", create: true });
    assert.match(again.text, /it exists, at/);
  });
});

test("git_branch refuses names that git would take for something else", async () => {
  await withCleanRepository(async (call, place) => {
    const before = (await place.git(["for-each-ref"])).stdout;
    for (
      const name of ["-d", "--output=x", "HEAD", "a..b", "a b", "@{-1}", "x.lock", "", "a\nb", "refs/../x"]
    ) {
      for (const how of [{ create: true }, { switch: true }, { delete: true }]) {
        const { isError } = await call("git_branch", { repo: place.repo, name, ...how });
        assert.equal(isError, true, `${JSON.stringify(name)} ${JSON.stringify(how)}`);
      }
    }
    assert.equal((await place.git(["for-each-ref"])).stdout, before);
    assert.equal(await current(place), "main");
  });
});

test("git_branch refuses a switch that would lose changes, and undoes its creation", async () => {
  await withCleanRepository(async (call, place) => {
    await place.put({ "a.txt": "mine\n" });
    const { text, isError } = await call("git_branch", {
      ...{ repo: place.repo, name: "new", create: true, from: "feature", switch: true },
    });
    assert.equal(isError, true);
    assert.match(text, /changes that are not committed would be lost in a\.txt/);
    assert.equal(await readFile(join(place.repo, "a.txt"), "utf8"), "mine\n");
    assert.equal(await current(place), "main");
    assert.doesNotMatch((await place.git(["branch"])).stdout, /new/);
  });
});

test("git_branch never overwrites files that git does not know or was told to ignore", async () => {
  await withCleanRepository(async (call, place) => {
    for (const [ignored, path] of [["", "feature.dat"], ["feature.dat\n", "feature.dat"]]) {
      await place.put({ ".git/info/exclude": ignored ?? "", [path ?? ""]: "mine\n" });
      const { text, isError } = await call("git_branch", { repo: place.repo, name: "feature", switch: true });
      assert.equal(isError, true, text);
      assert.match(text, /feature\.dat/);
      assert.equal(await readFile(join(place.repo, "feature.dat"), "utf8"), "mine\n");
    }
    // The same where the new path is a folder by now that holds something ignored.
    await place.git(["clean", "-qfdx"]);
    await place.put({ ".git/info/exclude": "*.o\n", "feature.dat/x.o": "mine\n" });
    const { text, isError } = await call("git_branch", { repo: place.repo, name: "feature", switch: true });
    assert.equal(isError, true, text);
    assert.equal(await readFile(join(place.repo, "feature.dat/x.o"), "utf8"), "mine\n");
  });
});

test("git_branch refuses a switch over changes that git was told not to look at", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["update-index", "--assume-unchanged", "a.txt"]);
    await place.put({ "a.txt": "mine\n" });
    const { text, isError } = await call("git_branch", { repo: place.repo, name: "feature", switch: true });
    assert.equal(isError, true, text);
    assert.match(text, /assume-unchanged/);
    assert.equal(await readFile(join(place.repo, "a.txt"), "utf8"), "mine\n");
  });
});

test("git_branch refuses a switch that would bring files other programs run", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["switch", "-q", "-c", "traps"]);
    await place.put({ ".vscode/tasks.json": "{}\n" });
    await place.git(["add", "."]);
    await place.git(["commit", "-qm", "Tasks"]);
    await place.git(["switch", "-q", "main"]);
    const { text, isError } = await call("git_branch", { repo: place.repo, name: "traps", switch: true });
    assert.equal(isError, true, text);
    assert.match(text, /\.vscode\/tasks\.json, which no tool may/);
    assert.equal(await current(place), "main");
  });
});

test("git_branch refuses a switch where a filter of the person would have to write", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["switch", "-q", "-c", "large"]);
    await place.put({ ".gitattributes": "*.bin filter=lfs\n", "film.bin": "pointer\n" });
    await place.git(["add", "."]);
    await place.git(["commit", "-qm", "Film"]);
    await place.git(["switch", "-q", "main"]);
    await place.git(["config", "--global", "filter.lfs.smudge", place.mark("cat")]);
    const { text, isError } = await call("git_branch", { repo: place.repo, name: "large", switch: true });
    assert.equal(isError, true, text);
    assert.match(text, /film\.bin would go through the program of a filter/);
    assert.equal(await place.marked(), false);
  });
});

test("git_branch refuses to leave commits that are on no branch", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["switch", "-q", "--detach"]);
    await place.git(["commit", "-q", "--allow-empty", "-m", "Alone"]);
    const { text, isError } = await call("git_branch", { repo: place.repo, name: "main", switch: true });
    assert.equal(isError, true, text);
    assert.match(text, /1 commit there are on no branch/);
    await call("git_branch", { repo: place.repo, name: "kept", create: true });
    const after = await call("git_branch", { repo: place.repo, name: "main", switch: true });
    assert.equal(after.isError, false, after.text);
  });
});

test("git_branch deletes only what is somewhere else too, and says how to bring it back", async () => {
  await withCleanRepository(async (call, place) => {
    await place.git(["branch", "merged", "HEAD~1"]);
    await place.git(["branch", "alone", "main"]);
    await place.git(["switch", "-q", "alone"]);
    await place.git(["commit", "-q", "--allow-empty", "-m", "Alone"]);
    await place.git(["switch", "-q", "main"]);
    const alone = await call("git_branch", { repo: place.repo, name: "alone", delete: true });
    assert.match(alone.text, /1 commit would be on no branch any more/);
    const own = await call("git_branch", { repo: place.repo, name: "main", delete: true });
    assert.equal(own.isError, true, own.text);
    const merged = await call("git_branch", { repo: place.repo, name: "merged", delete: true });
    assert.equal(merged.isError, false, merged.text);
    const again = JSON.parse(/git_branch with (\{.*\})/.exec(merged.text)?.[1] ?? "{}");
    const back = await call("git_branch", { repo: place.repo, ...again });
    assert.equal(back.isError, false, back.text);
  });
});

test("git_branch takes references for what they are that are named like options", async () => {
  await withCleanRepository(async (call, place) => {
    const head = (await place.git(["rev-parse", "HEAD"])).stdout;
    const target = join(place.outside, "written");
    // Git itself does not create such names, but a repository can hold them.
    await place.put({ ".git/refs/heads/-d": head, [`.git/refs/heads/--output=x`]: head });
    for (const name of ["-d", "--output=x", `--output=${target}`, "--upload-pack=touch x"]) {
      for (
        const [tool, args] of [
          ["git_log", { range: name }],
          ["git_log", { path: name }],
          ["git_log", { author: name }],
          ["git_log", { since: name }],
          ["git_log", { contains: name }],
          ["git_diff", { from: name }],
          ["git_diff", { from: "HEAD", to: name }],
          ["git_diff", { paths: [name] }],
          ["git_show", { ref: name }],
          ["git_show", { ref: "HEAD", path: name }],
          ["git_branch", { name: "x", create: true, from: name }],
          ["git_manage", { action: "merge", name }],
          ["git_manage", { action: "unstash", name }],
          ["git_manage", { action: "tag", name, message: name }],
          ["git_sync", { action: "fetch", remote: name }],
          ["git_sync", { action: "push", branch: name }],
        ] as const
      ) await call(tool, { repo: place.repo, ...args });
    }
    await call("git_clone", { url: "--upload-pack=touch x", folder: join(place.dir, "clone") });
    assert.equal((await place.git(["status", "--porcelain"])).stdout, "");
    await assert.rejects(readFile(target));
  });
});

test("git_status lists branches where git_branch is not offered, in read-only mode", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, caller, call }) => {
      await place.git(["clone", "-q", place.repo, join(dir, "copy")]);
      assert.ok(!caller.tools.some(({ name }) => name === "git_branch"));
      const repo = join(dir, "copy");
      const { text } = await call("git_status", { repo, branches: true });
      assert.match(
        text,
        /Nothing to commit\n\nBranches of .*copy, newest first; \* is checked out\n\* main -> origin\/main/,
      );
      assert.match(text, /Only at a remote:\n {2}origin\/feature/);
      const refused = await call("git_branch", { repo, name: "made", create: true });
      assert.match(refused.text, /read-only/);
      assert.doesNotMatch((await call("git_status", { repo })).text, /Branches of/);
    }, { readOnly: true });
  });
});
