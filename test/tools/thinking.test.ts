import assert from "node:assert/strict";
import { test } from "node:test";
import { wireTool } from "../../lib/wire.ts";
import { thinking } from "../../tools/thinking.ts";
import { withSandbox } from "../support.ts";

const FIRST = { thought: "What is asked?", step: 1, total: 3, nextNeeded: true };

/** Calls think with the arguments of a first step, some of them replaced. */
async function think(changes: object): Promise<{ text: string; isError: boolean }> {
  let reply = { text: "", isError: false };
  await withSandbox([thinking], async ({ call }) => {
    reply = await call("think", { ...FIRST, ...changes });
  });
  return reply;
}

test("think acknowledges a step and names the next", async () => {
  assert.equal((await think({})).text, "Step 1 of 3\nNext: step 2.");
});

test("think raises the total when a step passes it", async () => {
  const { text } = await think({ step: 5 });
  const advice = "This was the last planned step: go on with step 6 and a larger total.";
  assert.equal(text, `Step 5 of 5; total raised from 3 to 5\n${advice}`);
});

test("think acknowledges a revision and a branch", async () => {
  assert.equal(
    (await think({ step: 3, total: 6, revises: 1 })).text,
    "Step 3 of 6; revises step 1\nNext: step 4. Check what stands on step 1: step 2.",
  );
  assert.match(
    (await think({ step: 5, total: 6, revises: 1 })).text,
    /Check what stands on step 1: steps 2 to 4\.$/,
  );
  assert.equal(
    (await think({ step: 3, total: 6, branchFrom: 2 })).text,
    "Step 3 of 6; branches from step 2\nNext: step 4.",
  );
});

test("think ends the chain when no step is needed any more", async () => {
  const answer = "Now answer, and say what is certain and what is assumed.";
  assert.equal((await think({ step: 3, nextNeeded: false })).text, `Step 3 of 3\n${answer}`);
  assert.equal(
    (await think({ step: 1, nextNeeded: false })).text,
    `Step 1 of 3\nDone 2 before plan. ${answer}`,
  );
});

test("think refuses an empty thought and a step that is not earlier", async () => {
  assert.deepEqual(await refused({ thought: " \n" }), [
    'Cannot record step 1: "thought" is empty',
    "Write the thought of this step.",
  ]);
  assert.deepEqual(await refused({ step: 3, revises: 3 }), [
    'Cannot record step 3: "revises" is 3, which is not an earlier step',
    "Give a step from 1 to 2.",
  ]);
  assert.deepEqual(await refused({ branchFrom: 1 }), [
    'Cannot record step 1: "branchFrom" is 1, which is not an earlier step',
    'Step 1 is the first: leave "branchFrom" out.',
  ]);
});

test("think refuses numbers that are no steps", async () => {
  for (const changes of [{ step: 0 }, { step: 1.5 }, { total: -1 }, { total: 1_000 }, { step: "one" }]) {
    assert.equal((await think(changes)).isError, true, JSON.stringify(changes));
  }
  assert.match((await think({ step: 0 })).text, /step: must be from 1 to 999/);
});

test("think keeps nothing between calls", async () => {
  await withSandbox([thinking], async ({ call }) => {
    const before = await call("think", FIRST);
    await call("think", { ...FIRST, step: 2, total: 9 });
    assert.deepEqual(await call("think", FIRST), before);
  });
});

test("think costs at most 700 characters in the list of tools", () => {
  for (const tool of thinking.tools) assert.ok(JSON.stringify(wireTool(tool)).length <= 700);
});

test("think_it_through holds the problem and names the arguments of think", async () => {
  await withSandbox([thinking], async ({ caller }) => {
    const [prompt] = thinking.prompts;
    assert.ok(prompt !== undefined);
    const message = await prompt.render({ problem: "Rent or buy?" }, await caller.context());
    assert.match(message, /Rent or buy\?/);
    for (const name of ["total", "revises", "branchFrom", "nextNeeded"]) {
      assert.match(message, new RegExp(`"${name}"`));
    }
  });
});

async function refused(changes: object): Promise<string[]> {
  const { text, isError } = await think(changes);
  assert.equal(isError, true, text);
  return text.split("\n");
}
