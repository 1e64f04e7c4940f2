/**
 * Long runs of the property tests. Every round has a seed of its own, which is named when it fails.
 * @module
 */
import { playPaths } from "../rig/paths.ts";
import { createRandom } from "../rig/random.ts";
import { playSequences } from "../rig/sequences.ts";
import { createTally, note, say, type Tally } from "./tally.ts";

const CALLS = 2_000;
const SEQUENCES = 50;

/** Calls with hostile paths. */
export async function askForPaths(ms: number, seed: number): Promise<Tally> {
  return await rounds(ms, seed, `${CALLS} calls with hostile paths`, async (each) => {
    await playPaths(CALLS, createRandom(each));
  });
}

/** Random changes, undone and redone. */
export async function undoChanges(ms: number, seed: number): Promise<Tally> {
  return await rounds(ms, seed, `${SEQUENCES} sequences of changes, undone and redone`, async (each) => {
    await playSequences(SEQUENCES, createRandom(each));
  });
}

async function rounds(
  ms: number,
  seed: number,
  what: string,
  play: (seed: number) => Promise<void>,
): Promise<Tally> {
  const tally = createTally();
  const until = performance.now() + ms;
  let each = seed;
  // After a failure the next ones would mostly say the same.
  do {
    note(tally, `${what}, --seed ${each}`, await play(each).then(() => undefined, explain));
    each = createRandom(each).int(2 ** 31);
  } while (tally.failed === 0 && performance.now() < until);
  say(`${what}: ${tally.passed + tally.failed} rounds from --seed ${seed} on`);
  return tally;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${error.cause}`;
}
