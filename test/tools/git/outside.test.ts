/**
 * No repository leads a tool outside the allowed folders. Each way has its control in `controls.test.ts`.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRepository, sampled, withGitPlace } from "../../rig/git.ts";
import { CANARY, LEADS, makeOutside } from "../../rig/git-outside.ts";
import { everyCall, toolsOver } from "../../rig/git-tools.ts";
import { describeTree } from "../../rig/tree.ts";

for (const lead of sampled(LEADS)) {
  test(`no git tool is led outside by ${lead.name}`, async () => {
    await withGitPlace(async (place) => {
      await makeRepository(place);
      await makeOutside(place);
      await lead.arm(place);
      const before = await describeTree(place.outside);
      const call = toolsOver(place);
      for (const [name, args] of everyCall(place)) {
        const { text } = await call(name, args);
        const told = `${name} ${JSON.stringify(args)}`;
        assert.doesNotMatch(text, new RegExp(CANARY), `${told} showed what is outside`);
        assert.equal(await describeTree(place.outside), before, `${told} changed what is outside`);
      }
      // What was taken in must not be shown later, either.
      const all = await place.git(["log", "--all", "-p", "--format=%an %s"], { mayFail: true });
      if (lead.does === "writes") assert.doesNotMatch(all.stdout, new RegExp(CANARY));
    });
  });
}
