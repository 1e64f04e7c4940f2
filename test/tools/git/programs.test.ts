/**
 * No program that a repository names is run by a tool. Each way has its control in `controls.test.ts`.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { PROGRAMS } from "../../rig/git-programs.ts";
import { everyCall, toolsOver } from "../../rig/git-tools.ts";

/** Reading tools that must work whatever a repository names, so that a refusal of everything proves nothing. */
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
        else if (mechanism.refused !== undefined) assert.match(text, mechanism.refused);
      }
      if (mechanism.refused === undefined) {
        assert.deepEqual(MUST_WORK.filter((name) => !worked.has(name)), [], "a reading tool refused");
      }
    });
  });
}
