import assert from "node:assert/strict";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { git } from "../../tools/git/index.ts";
import { makeRepository, withGitPlace } from "../rig/git.ts";
import { withSandbox } from "../support.ts";

test("a git directory of any name is used, and no tool can write into it", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, call, files }) => {
      const [meta, repo] = [join(dir, "meta"), join(dir, "repo")];
      await place.git(["clone", "-q", "--separate-git-dir", meta, place.repo, repo]);
      assert.match((await call("git_status", { repo })).text, /on branch main/);
      const bytes = new TextEncoder().encode("x");
      for (const name of ["config", "hooks/post-update", "info/attributes", "worktrees/x/config.worktree"]) {
        await assert.rejects(files.write(join(meta, name), bytes), /what git keeps in a repository/);
      }
    });
  });
});

test("the settings of a repository are read again when its file changed", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, call }) => {
      const repo = join(dir, "repo");
      await place.git(["clone", "-q", place.repo, repo]);
      assert.equal((await call("git_status", { repo })).isError, false);
      await place.git(["config", "include.path", "../team.cfg"], { cwd: repo });
      assert.match(
        (await call("git_status", { repo })).text,
        /its settings include the file "\.\.\/team\.cfg"/,
      );
    });
  });
});

test("a repository is not looked for above the allowed folders, and no trap below is entered", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, outside, call }) => {
      // The folder above the allowed one is a repository.
      await place.git(["clone", "-q", place.repo, join(outside, "copy")]);
      await rename(join(outside, "copy/.git"), join(dir, "../.git"));
      const above = await call("git_status", { repo: dir });
      assert.match(above.text, /is not in a git repository/);
      // A bare repository that stands around a folder is used only when it is asked for itself.
      await place.git(["clone", "-q", "--bare", place.repo, join(dir, "bare.git")]);
      await mkdir(join(dir, "bare.git/sub"));
      assert.equal((await call("git_status", { repo: join(dir, "bare.git/sub") })).isError, true);
      assert.equal((await call("git_status", { repo: join(dir, "bare.git") })).isError, false);
      await symlink(outside, join(dir, "link"));
      const linked = await call("git_status", { repo: join(dir, "link") });
      assert.match(linked.text, /leads outside|outside the allowed/);
      assert.ok(!linked.text.includes(outside));
    });
  });
});
