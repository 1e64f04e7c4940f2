/**
 * No program that a repository names is run by a tool. Each way has its control in `controls.test.ts`.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { PROGRAMS } from "../../rig/git-programs.ts";
import { everyCall, toolsOver } from "../../rig/git-tools.ts";

/**
 * Reading tools that must work whatever a repository names, so that a refusal of everything proves
 * nothing.
 */
const MUST_WORK = ["git_status", "git_log", "git_branch"];

for (const mechanism of PROGRAMS) {
  test(`no git tool runs what is named by ${mechanism.name}`, async () => {
    await withGitPlace(async (place) => {
      await makeRepository(place);
      await mechanism.arm(place);
      await place.marked();
      const call = toolsOver(place);
      const worked = new Set<string>();
      for (const [name, args] of everyCall(place)) {
        const { text, isError } = await call(name, args);
        assert.equal(await place.marked(), false, `${name} ${JSON.stringify(args)} ran it`);
        if (!isError) worked.add(name);
        else if (name === "git_status" && args["repo"] === place.repo) {
          assert.match(text, mechanism.refused ?? /^$/, "a reading tool refused");
        }
      }
      if (mechanism.refused === undefined) {
        assert.deepEqual(MUST_WORK.filter((name) => !worked.has(name)), [], "a reading tool refused");
      }
    });
  });
}

test("the calls of these tests work where a repository names no program", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const failed: string[] = [];
    for (const [name, args] of everyCall(place)) {
      const { text, isError } = await call(name, args);
      if (isError) failed.push(`${name}: ${text.split("\n")[0]}`);
    }
    // What only some mechanisms have: repositories within, and a branch with a conflict.
    assert.deepEqual(failed.map((line) => line.replaceAll(place.repo, "")), [
      'git_status: Cannot look at "/nested": no such file or folder',
      'git_status: Cannot look at "/vendored": no such file or folder',
      'git_manage: No commit is called "other" in ""',
    ]);
  });
});
