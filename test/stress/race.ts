/**
 * The race rig at full size: a million attempts of every attack, or as many as fit into the time.
 * @module
 */
import { ATTACKS, runAttack, runControl } from "../rig/attacks.ts";
import { faultOf } from "../rig/race.ts";
import { createTally, note, say, type Tally } from "./tally.ts";

/** Runs the attacks. `wanted`: only those whose names contain one of these, separated by commas. */
export async function raceAll(
  limits: { ms: number; attempts: number },
  wanted: string,
  pool: boolean,
): Promise<Tally> {
  const tally = createTally();
  const parts = wanted.split(",");
  for (const attack of ATTACKS.filter(({ name }) => parts.some((part) => name.includes(part)))) {
    const control = await runControl(attack, pool);
    const outcome = await runAttack(attack, limits, pool);
    const { attempts, calls, done, seen, leaks } = outcome;
    say(
      `${attack.name}: ${numbers(attempts)} attempts in ${numbers(calls)} calls, ${numbers(done)} done, ` +
        `${numbers(seen)} met a link outside, ${numbers(leaks)} leaks; ` +
        `its control leaked within ${numbers(control.attempts)}`,
    );
    say(`  at ${new Date().toISOString()}, on ${pool ? "the thread pool" : "the calling thread"}`);
    note(tally, attack.name, faultOf(outcome));
    note(tally, `${attack.name}, control`, control.leaks > 0 ? undefined : "no leak, so the rig sees none");
  }
  return tally;
}

function numbers(value: number): string {
  return value.toLocaleString("en-US");
}
