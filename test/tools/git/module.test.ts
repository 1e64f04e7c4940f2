import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ToolError } from "../../../lib/errors.ts";
import { git } from "../../../tools/git/index.ts";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { withSandbox } from "../../support.ts";

const { resources, prompts } = git;

test("git_status and its module list the repositories in the allowed folders and nothing else", async () => {
  await withSandbox([git], async ({ dir, outside, caller }) => {
    for (const path of ["a/one", "two", "deep/er/three", "node_modules/four", "two/inside"]) {
      await mkdir(join(dir, path, ".git"), { recursive: true });
    }
    for (const path of ["bare.git/objects", "bare.git/refs", `${outside}/five/.git`]) {
      await mkdir(path.startsWith("/") ? path : join(dir, path), { recursive: true });
    }
    for (const name of ["HEAD", "config"]) await writeFile(join(dir, "bare.git", name), "");
    await symlink(outside, join(dir, "link"));
    const ctx = await caller.context();
    const found = await resources?.list(undefined, ctx);
    const names = ["bare.git", "two", "a/one", "deep/er/three"];
    assert.deepEqual(
      found?.resources.map(({ uri }) => uri),
      names.map((name) => `git+${pathToFileURL(join(dir, name)).href}`),
    );
    const [template] = resources?.templates ?? [];
    const completed = await template?.complete("path", join(dir, "a"), ctx);
    assert.deepEqual(completed, [join(dir, "a/one").slice(1)]);
  });
});

test("a repository is read as a resource, and nothing outside is", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, outside, caller }) => {
      await place.git(["clone", "-q", place.repo, join(dir, "copy")]);
      const ctx = await caller.context();
      const uri = `git+${pathToFileURL(join(dir, "copy")).href}`;
      const [contents] = await resources?.read(uri, ctx) ?? [];
      assert.match(contents?.text ?? "", /copy: on branch main, up to date with origin\/main/);
      assert.equal(await resources?.read("file:///x", ctx), undefined);
      for (const wrong of [`git+${pathToFileURL(outside).href}`, "git+file://%zz", `git+file://${dir}`]) {
        await assert.rejects(async () => await resources?.read(wrong, ctx), ToolError);
      }
    });
  });
});

test("prompts take the only repository there is, and ask which when there are several", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await withSandbox([git], async ({ dir, caller }) => {
      const ctx = await caller.context();
      assert.deepEqual(prompts.map(({ name }) => name), [
        ...["review_my_changes", "write_commit_message", "what_happened_here"],
      ]);
      for (const prompt of prompts) {
        await assert.rejects(async () => await prompt.render({}, ctx), /no git repository in the allowed/);
      }
      await place.git(["clone", "-q", place.repo, join(dir, "copy")]);
      for (const prompt of prompts) {
        assert.ok((await prompt.render({}, ctx)).includes(`"${join(dir, "copy")}"`));
      }
      await place.git(["clone", "-q", place.repo, join(dir, "other")]);
      for (const prompt of prompts) {
        await assert.rejects(async () => await prompt.render({}, ctx), /There are 2 git repositories/);
        assert.ok((await prompt.render({ repo: join(dir, "copy") }, ctx)).includes("copy"));
        const [repo] = prompt.arguments;
        assert.deepEqual(await repo?.complete?.("othe", ctx), [join(dir, "other")]);
      }
      const [review] = prompts;
      assert.match(
        await review?.render({ repo: dir + "/copy", against: "main" }, ctx) ?? "",
        /main\.\.\.HEAD/,
      );
    });
  });
});
