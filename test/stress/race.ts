/**
 * The race rig at full size: a million attempts of every attack, or as many as fit into the time.
 * @module
 */
import { ATTACKS, runAttack } from "../rig/attacks.ts";
import { faultOf } from "../rig/race.ts";
import { createTally, note, say, type Tally } from "./tally.ts";

/** Runs the attacks. `wanted`: only those whose names contain it. */
export async function raceAll(limits: { ms: number; attempts: number }, wanted: string): Promise<Tally> {
  const tally = createTally();
  for (const attack of ATTACKS.filter(({ name }) => name.includes(wanted))) {
    const { control, outcome } = await runAttack(attack, limits);
    const { attempts, done, seen, leaks } = outcome;
    say(
      `${attack.name}: ${numbers(attempts)} attempts, ${numbers(done)} done, ${numbers(seen)} met a link ` +
        `outside, ${numbers(leaks)} leaks; its control leaked within ${numbers(control.attempts)}`,
    );
    note(tally, attack.name, faultOf(outcome));
    note(tally, `${attack.name}, control`, control.leaks > 0 ? undefined : "no leak, so the rig sees none");
  }
  return tally;
}

function numbers(value: number): string {
  return value.toLocaleString("en-US");
}
