import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { toolsOver } from "../../rig/git-tools.ts";

test("git_stage stages changed, new and deleted files of a folder and nothing beside it", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const { text, isError } = await call("git_stage", { repo: place.repo, paths: ["a.txt", "new.txt"] });
    assert.equal(isError, false, text);
    console.log(text);
    const c = await call("git_commit", { repo: place.repo, message: "Third line as a number" });
    console.log(c.text);
    console.log((await call("git_branch", { repo: place.repo })).text);
    console.log((await call("git_branch", { repo: place.repo, name: "feature", switch: true })).text);
    console.log((await call("git_stage", { repo: place.repo, paths: ["."] })).text);
    console.log((await call("git_stage", { repo: place.repo, paths: ["."], unstage: true })).text);
    console.log(
      (await call("git_branch", {
        repo: place.repo,
        name: "x/y",
        create: true,
        switch: true,
        from: "origin/feature",
      })).text,
    );
    console.log((await call("git_branch", { repo: place.repo, name: "feature", delete: true })).text);
  });
});
