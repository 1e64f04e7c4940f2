import assert from "node:assert/strict";
import { test } from "node:test";
import { ATTACKS, runAttack, runControl } from "../rig/attacks.ts";
import { faultOf } from "../rig/race.ts";

/**
 * Milliseconds of each attack here; `test/stress/race.ts` makes a million attempts of each. Searches for what
 * only the outside has stand for the others, whose controls take longer to leak.
 */
const MS = 150;
const QUICK = ATTACKS.filter(({ name, engine = "built in" }) =>
  !/^(find|search)/.test(name) || (engine !== "built in" && name.includes("only the outside"))
);

for (const [index, attack] of QUICK.entries()) {
  // Each way to the disk with every other attack; the stress run has both with all.
  const pool = index % 2 === 1;
  test(`${attack.name} lets nothing out while links are swapped, and its control does`, async () => {
    const control = await runControl(attack, pool);
    assert.ok(control.leaks > 0, `no leak in ${control.attempts} attempts of the control`);
    const outcome = await runAttack(attack, { ms: MS, attempts: Infinity }, pool);
    assert.equal(faultOf(outcome), undefined);
  });
}
