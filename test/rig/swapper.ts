/**
 * The attacker of the race tests: a process that swaps a folder, and a file, for links that lead outside, over
 * and over, as fast as it can. Arguments: the allowed folder and the milliseconds to run.
 *
 * `victim` is a folder with `f.txt`, or a link to the outside folder that has an `f.txt` too;
 * `leaf.txt` is a file, or a link to the outside file.
 * @module
 */
import { renameSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const [dir = "", ms = "0"] = process.argv.slice(2);
const until = performance.now() + Number(ms);
const at = (name: string) => join(dir, name);

process.stdout.write("ready\n");
while (performance.now() < until) {
  for (const name of ["victim", "leaf.txt"]) {
    swap(at(name), at(`${name}.true`));
    swap(at(`${name}.link`), at(name));
    swap(at(name), at(`${name}.link`));
    swap(at(`${name}.true`), at(name));
  }
}

/** Renames; what the attacked program has put in the way meanwhile is moved aside. */
function swap(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    renameSync(to, at(`aside-${Math.random()}`));
    renameSync(from, to);
  }
}
