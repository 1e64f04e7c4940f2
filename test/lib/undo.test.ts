import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../rig/random.ts";
import { playSequences } from "../rig/sequences.ts";

test("undo of any sequence in reverse gives back the tree, undo of the undos the changed one", async () => {
  const random = createRandom();
  const changes = await playSequences(20, random);
  assert.ok(changes >= 20, `seed ${random.seed}: only ${changes} changes were made`);
});
