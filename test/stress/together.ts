/**
 * Several processes that edit one file: at every moment it must be whole, in the end it must hold every edit
 * that was reported as done, and nothing else may be left.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createTally, note, say, type Tally } from "./tally.ts";

/** The lines, one for each process. */
const LINES: readonly string[] = ["one", "two", "three"];
/** Makes the file so large that a torn one would be seen. */
const PADDING = "padding\n".repeat(25_000);
const WHOLE = /^one: (\d+)\ntwo: (\d+)\nthree: (\d+)\n(?:padding\n){25000}$/;
const SCRIPT = fileURLToPath(new URL("./counter.ts", import.meta.url));

/** Lets each of them count so far. Changes are recorded: that is what the processes know of each other by. */
export async function editTogether(times: number): Promise<Tally> {
  const tally = createTally();
  const base = await mkdtemp(join(tmpdir(), "clawhammer-together-"));
  try {
    await count(base, times, tally);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  return tally;
}

async function count(base: string, times: number, tally: Tally): Promise<void> {
  const dir = join(base, "allowed");
  const file = join(dir, "counters.txt");
  await mkdir(dir);
  await writeFile(file, LINES.map((line) => `${line}: 0\n`).join("") + PADDING);
  let running = true;
  const ends = Promise.all(
    LINES.map((line) => start([dir, join(base, "journal"), line, String(times)])),
  ).finally(() => running = false);
  let looks = 0;
  let torn = 0;
  while (running) {
    looks++;
    if (!WHOLE.test(await readFile(file, "utf8"))) torn++;
  }
  const reports = await ends;
  const [, ...found] = WHOLE.exec(await readFile(file, "utf8")) ?? [];
  const name = `${LINES.length} processes editing one file`;
  note(tally, `${name}: whole`, torn === 0 ? undefined : `torn in ${torn} of ${looks} looks`);
  const left = (await readdir(dir)).filter((each) => each !== "counters.txt");
  note(tally, `${name}: tidy`, left.length === 0 ? undefined : `left ${left.join(", ")}`);
  let refused = 0;
  for (const [index, report] of reports.entries()) {
    const { done, refused: times, other } = report;
    refused += times;
    const wrong = other !== ""
      ? other
      : Number(found[index]) === done
      ? undefined
      : `${done} edits were reported as done, the file says ${found[index]}`;
    note(tally, `${name}: line ${LINES[index]}`, wrong);
  }
  say(`${name}: ${times * LINES.length} edits, ${refused} refused and repeated, ${looks} looks at the file`);
}

interface Report {
  readonly done: number;
  readonly refused: number;
  readonly other: string;
}

async function start(args: readonly string[]): Promise<Report> {
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", SCRIPT] : [SCRIPT];
  const child = spawn(process.execPath, [...run, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  await new Promise((resolve) => child.once("close", resolve));
  return JSON.parse(output || '{"done":0,"refused":0,"other":"the process crashed"}');
}
