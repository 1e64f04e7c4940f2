import assert from "node:assert/strict";
import { test } from "node:test";
import { ATTACKS, runAttack } from "../rig/attacks.ts";
import { faultOf } from "../rig/race.ts";

/**
 * Milliseconds of each attack here; `test/stress/race.ts` makes a million attempts of each. What tells by the
 * number of its results alone is attacked only there.
 */
const MS = 150;

for (const attack of ATTACKS.filter(({ telling }) => telling !== true)) {
  test(`${attack.name} lets nothing out while links are swapped, and its control does`, async () => {
    const { control, outcome } = await runAttack(attack, { ms: MS, attempts: Infinity });
    assert.ok(control.leaks > 0, `no leak in ${control.attempts} attempts of the control`);
    assert.equal(faultOf(outcome), undefined);
  });
}
