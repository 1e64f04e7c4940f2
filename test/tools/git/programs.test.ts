/**
 * No program that a repository names is run by a tool. Each way has its control in `controls.test.ts`.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GitPlace, makeRepository, sampled, withGitPlace } from "../../rig/git.ts";
import { PROGRAMS } from "../../rig/git-programs.ts";
import { changingCalls, everyCall, reachingCalls, readingCalls, toolsOver } from "../../rig/git-tools.ts";

/** The calls that are made over each kind; what looks at files also happens while something is changed. */
const CALLS = {
  looking: (place: GitPlace) => [...readingCalls(place), ...changingCalls(place)],
  changing: (place: GitPlace) => [...readingCalls(place).slice(0, 1), ...changingCalls(place)],
  reaching: reachingCalls,
};

for (const kind of ["looking", "changing", "reaching"] as const) {
  for (const mechanism of sampled(PROGRAMS[kind])) {
    test(`no git tool runs what is named by ${mechanism.name}`, async () => {
      await withGitPlace(async (place) => {
        await makeRepository(place);
        await mechanism.arm(place);
        await place.marked();
        const call = toolsOver(place);
        for (const [name, args] of CALLS[kind](place)) {
          const { text, isError } = await call(name, args);
          assert.equal(await place.marked(), false, `${name} ${JSON.stringify(args)} ran it`);
          // Reading works whatever a repository names: a refusal of everything would prove nothing.
          const mustWork = name === "git_status" && args["repo"] === place.repo;
          if (mustWork && isError) assert.match(text, mechanism.refused ?? /^$/, "a reading tool refused");
        }
      });
    });
  }
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
