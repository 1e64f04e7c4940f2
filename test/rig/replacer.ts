/**
 * Replaces a file with itself, over and over, as editors do. Arguments: the file, the milliseconds to run.
 * @module
 */
import { renameSync, writeFileSync } from "node:fs";
import process from "node:process";

const [path = "", ms = "0"] = process.argv.slice(2);
const until = performance.now() + Number(ms);
process.stdout.write("ready\n");
while (performance.now() < until) {
  writeFileSync(`${path}.new`, "KEY=1");
  renameSync(`${path}.new`, path);
}
