import assert from "node:assert/strict";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { git } from "../../tools/git/index.ts";
import { makeRepository, withGitPlace } from "../rig/git.ts";
import { withSandbox } from "../support.ts";

test("a git directory that tools may write is refused beside a work tree", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, call, files }) => {
      await place.git([
        "clone",
        "-q",
        "--separate-git-dir",
        join(dir, "meta"),
        place.repo,
        join(dir, "repo"),
      ]);
      const refused = await call("git_status", { repo: join(dir, "repo") });
      assert.match(refused.text, /its git directory "[^"]*meta" is not protected from changes by tools/);
      // Under a name that the guard knows, it is read, and no tool can write there.
      await rename(join(dir, "meta"), join(dir, "meta.git"));
      await writeFile(join(dir, "repo/.git"), `gitdir: ${join(dir, "meta.git")}\n`);
      assert.match((await call("git_status", { repo: join(dir, "repo") })).text, /on branch main/);
      const bytes = new TextEncoder().encode("x");
      await assert.rejects(files.write(join(dir, "meta.git/config"), bytes), /other programs run or obey/);
      await assert.rejects(files.write(join(dir, "meta.git/hooks/post-update"), bytes), /run or obey/);
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
