/**
 * The controls: plain git over each repository that names a program does run it. Without them, the tests that
 * our tools run nothing would prove nothing.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GitPlace, gitVersion, makeRepository, sampled, withGitPlace } from "../../rig/git.ts";
import { CANARY, LEADS, makeOutside } from "../../rig/git-outside.ts";
import { type Mechanism, PROGRAMS } from "../../rig/git-programs.ts";
import { describeTree } from "../../rig/tree.ts";

for (const mechanism of sampled(Object.values(PROGRAMS).flat())) {
  test(`control: plain git runs what is named by ${mechanism.name}`, async () => {
    await withGitPlace(async (place) => {
      // What this git does not know yet cannot be shown.
      if (await gitVersion(place) < (mechanism.since ?? 0)) return;
      await makeRepository(place);
      await mechanism.arm(place);
      await place.marked();
      for (const args of mechanism.plain) await plainGit(place, args, mechanism);
      assert.equal(await place.marked(), true, `plain git did not run ${mechanism.name}`);
    });
  });
}

for (const lead of sampled(LEADS)) {
  test(`control: plain git is led outside by ${lead.name}`, async () => {
    await withGitPlace(async (place) => {
      await makeRepository(place);
      await makeOutside(place);
      await lead.arm(place);
      const before = await describeTree(place.outside);
      let shown = "";
      for (const args of lead.plain) {
        const { stdout, stderr } = await place.git(args, { mayFail: true });
        shown += stdout + stderr;
      }
      if (lead.does === "shows") assert.match(shown, new RegExp(CANARY));
      else assert.notEqual(await describeTree(place.outside), before);
    });
  });
}

async function plainGit(place: GitPlace, args: readonly string[], { terminal, input }: Mechanism) {
  if (terminal !== true) return await place.git(args, { mayFail: true, input });
  // `script` gives the program a terminal, as a person has one.
  const command = ["git", ...args].join(" ");
  return await place.git(["-qec", command, "/dev/null"], {
    program: "script",
    mayFail: true,
    env: { TERM: "xterm" },
  });
}
