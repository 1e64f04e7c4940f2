/**
 * Many random sequences of changes, undone and redone; see `test/rig/sequences.ts`. Minutes, so not part of
 * the tests.
 *
 *   bun test/stress/undo.ts [SEQUENCES] [SEED]
 * @module
 */
import process from "node:process";
import { createRandom } from "../rig/random.ts";
import { playSequences } from "../rig/sequences.ts";

const [sequences = "300", seed] = process.argv.slice(2);
const random = createRandom(seed === undefined ? undefined : Number(seed));
process.stdout.write(`seed ${random.seed}\n`);
const changes = await playSequences(Number(sequences), random);
process.stdout.write(`${sequences} sequences, ${changes} changes, each undone and redone\n`);
