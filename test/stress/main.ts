/**
 * Everything that takes too long for `npm test`, one part after the other; the last line says `N passed, N
 * failed`.
 *
 *   npm run test:stress -- [--only PART,…] [--seconds N] [--attempts N] [--tool TEXT,…] [--pool] [--seed N]
 *
 * --seconds   for each attack, at most; also for each of the random parts, up to ten minutes (3,600)
 * --attempts  of each attack, at most (1,000,000)
 * --tool      only attacks whose names contain one of these
 * --pool      the race goes through the thread pool, as for folders on a network
 * --seed      repeats a random part from this round on
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { fillDisk } from "./disk.ts";
import { injectFaults } from "./faults.ts";
import { raceAll } from "./race.ts";
import { askForPaths, undoChanges } from "./random.ts";
import { say, type Tally } from "./tally.ts";
import { editTogether } from "./together.ts";

/** Memory as a folder: files there cost no disk, so more attempts fit into the time. */
const MEMORY = "/dev/shm";
const RANDOM_MS_MAX = 600_000;
/** Edits each process makes when several edit one file. */
const EDITS = 1_000;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "disk,together,faults,paths,undo,race" },
    seconds: { type: "string", default: "3600" },
    attempts: { type: "string", default: "1000000" },
    pool: { type: "boolean", default: false },
    tool: { type: "string", default: "" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const ms = 1000 * Number(values.seconds);
const seed = Number(values.seed);
const PARTS: Readonly<Record<string, { readonly inMemory: boolean; run(): Promise<Tally> }>> = {
  disk: { inMemory: false, run: fillDisk },
  together: { inMemory: false, run: () => editTogether(EDITS) },
  faults: { inMemory: false, run: injectFaults },
  paths: { inMemory: true, run: () => askForPaths(Math.min(ms, RANDOM_MS_MAX), seed) },
  undo: { inMemory: true, run: () => undoChanges(Math.min(ms, RANDOM_MS_MAX), seed) },
  race: {
    inMemory: true,
    run: () => raceAll({ ms, attempts: Number(values.attempts) }, values.tool, values.pool),
  },
};

let passed = 0;
let failed = 0;
const folder = process.env.TMPDIR;
for (const name of values.only.split(",")) {
  const part = PARTS[name];
  if (part === undefined) {
    throw new Error(`Unknown part "${name}"; there are: ${Object.keys(PARTS).join(", ")}`);
  }
  if (part.inMemory && existsSync(MEMORY)) process.env.TMPDIR = MEMORY;
  else if (folder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = folder;
  say(`--- ${name}`);
  const started = performance.now();
  const tally = await part.run();
  passed += tally.passed;
  failed += tally.failed;
  const seconds = Math.round((performance.now() - started) / 1000);
  say(`${name}: ${tally.passed} passed, ${tally.failed} failed (${seconds} s)`);
}
say(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
