/**
 * What a part of the stress run counts.
 * @module
 */
import process from "node:process";

/** Results of one part. */
export interface Tally {
  passed: number;
  failed: number;
}

/** An empty tally. */
export function createTally(): Tally {
  return { passed: 0, failed: 0 };
}

/** Counts one result and says what is wrong with it, if anything is. */
export function note(tally: Tally, what: string, fault: string | undefined): void {
  if (fault === undefined) tally.passed++;
  else {
    tally.failed++;
    say(`FAILED ${what}: ${fault}`);
  }
}

/** Prints a line. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
