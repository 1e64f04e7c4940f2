/**
 * The race rig: calls against {@link swapper.ts}, and what they let out.
 * @module
 */
import { spawn } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The names of the files inside and outside alike, in the top folder and in each of {@link FOLDERS}. */
export const NAMES: readonly string[] = ["f.txt", "g.txt", "h.txt", "i.txt"];
export const FOLDERS: readonly string[] = ["inner", "other", "third"];
/** Folders, and files, of each of which a link that leads outside takes the place over and over. */
export const VICTIMS: readonly string[] = Array.from({ length: 20 }, (_, i) => `victim${i}`);
export const LEAVES: readonly string[] = Array.from({ length: 12 }, (_, i) => `leaf${i}.txt`);
/** What the files inside hold. */
export const INSIDE = "inside\n";
/** Stands in names and contents outside alone. */
export const CANARY = "CANARY-7f3a91";
/** What else only the outside has: the size and the year of its files. */
const SIZE = 4_711;
const SIGNS = new RegExp(`${CANARY}|4,711|4\\.7 kB|1999-`);
/** Calls that run at the same time. */
const AT_ONCE = 16;
/** Processes that swap, each its share of the targets. */
const SWAPPERS = 2;
/** Milliseconds granted on top for what must happen at least once. */
const PATIENCE_MS = 30_000;

/** What a call did. */
export interface Attempted {
  /** Everything that came back or was made inside. */
  readonly text: string;
  /** Whether it did what it was asked. */
  readonly done: boolean;
  /** Attempts that did not go through the file layer: those of ripgrep, estimated. */
  readonly others?: number;
}

/** What happened in a run. */
export interface Outcome {
  calls: number;
  /** Times that something was opened or looked at that was being swapped for a link, or led through one. */
  attempts: number;
  /** Calls that did what they were asked. */
  done: number;
  /** Calls that were refused something because it led outside: the attack was there, and was seen. */
  seen: number;
  /** Calls that showed something of the outside, and moments in which something outside was changed. */
  leaks: number;
  /** Calls that failed in a way they never should. */
  broken: number;
  /** The first leak or failure. */
  example?: string;
}

/** How long to go on: for so long, or so often. */
export interface Limits {
  readonly ms: number;
  readonly attempts: number;
  /**
   * What must have happened before time counts: on a slow machine it goes on up to {@link PATIENCE_MS}
   * longer.
   */
  readonly enough?: (outcome: Outcome) => boolean;
}

/**
 * Runs calls while links are swapped.
 * @param counted The attempts so far that went through the file layer.
 */
export type Race = (
  limits: Limits,
  counted: () => number,
  call: (n: number) => Promise<Attempted>,
) => Promise<Outcome>;

/** Whether a path, relative to the allowed folder, is swapped, or leads through something that is. */
export function isSwapped(path: string): boolean {
  return /^(victim|leaf|hop|\.\.)/.test(path);
}

/** Lays out the folders the swappers play with. `hop` is a link that always leads to the first folder. */
export async function withRace<T>(
  dir: string,
  outside: string,
  ms: number,
  work: (race: Race) => Promise<T>,
): Promise<T> {
  await layOut(outside);
  await symlink(VICTIMS[0] ?? "", join(dir, "hop"));
  const script = fileURLToPath(new URL("./swapper.ts", import.meta.url));
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
  const swappers = Array.from({ length: SWAPPERS }, (_, i) => {
    const args = [dir, outside, String(ms + 2 * PATIENCE_MS), String(i), String(SWAPPERS)];
    return spawn(process.execPath, [...run, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  });
  try {
    await Promise.all(swappers.map((swapper) =>
      new Promise((resolve, reject) => {
        swapper.stdout.once("data", resolve);
        swapper.once("exit", () => reject(new Error("a swapper ended before it began")));
      })
    ));
    return await work((limits, counted, call) => runRace(outside, limits, counted, call));
  } finally {
    await Promise.all(swappers.map((swapper) => {
      const gone = new Promise((resolve) => swapper.once("exit", resolve));
      swapper.kill("SIGKILL");
      return gone;
    }));
  }
}

/** For an attack: some calls got through, and some met a link. */
export function provesTight({ done, seen }: Outcome): boolean {
  return done > 0 && seen > 0;
}

/** For a control: one leak is enough. */
export function provesLeak({ leaks }: Outcome): boolean {
  return leaks > 0;
}

/** Why an outcome proves nothing or shows a leak; undefined when it is as it should be. */
export function faultOf(outcome: Outcome): string | undefined {
  const { attempts, done, seen, leaks, broken, example } = outcome;
  if (leaks > 0) return `${leaks} leaks in ${attempts} attempts, such as: ${example}`;
  if (broken > 0) return `${broken} failures in ${attempts} attempts, such as: ${example}`;
  if (done === 0) return `none of ${attempts} attempts got through, so the rig proves nothing`;
  if (seen === 0) return `none of ${attempts} attempts met a link, so the rig proves nothing`;
  return undefined;
}

async function runRace(
  outside: string,
  limits: Limits,
  counted: () => number,
  call: (n: number) => Promise<Attempted>,
): Promise<Outcome> {
  const outcome: Outcome = { calls: 0, attempts: 0, done: 0, seen: 0, leaks: 0, broken: 0 };
  const before = counted();
  let others = 0;
  let state = stateOf(outside);
  const until = performance.now() + limits.ms;
  while (goesOn(limits, outcome, until)) {
    const numbers = Array.from({ length: AT_ONCE }, () => ++outcome.calls);
    for (const result of await Promise.allSettled(numbers.map(call))) {
      note(result, outcome);
      if (result.status === "fulfilled") others += result.value.others ?? 0;
    }
    outcome.attempts = counted() - before + others;
    const now = stateOf(outside);
    if (now !== state) {
      outcome.leaks++;
      outcome.example ??= `the outside was\n${state}\nand is now\n${now}`;
      await layOut(outside);
      state = stateOf(outside);
    }
  }
  return outcome;
}

function goesOn({ attempts, enough }: Limits, outcome: Outcome, until: number): boolean {
  if (outcome.attempts >= attempts) return false;
  const now = performance.now();
  if (enough === undefined) return now < until;
  return enough(outcome) ? now < until : now < until + PATIENCE_MS;
}

function note(result: PromiseSettledResult<Attempted>, outcome: Outcome): void {
  if (result.status === "rejected") {
    outcome.broken++;
    outcome.example ??= String(result.reason);
    return;
  }
  const { text, done } = result.value;
  if (done) outcome.done++;
  if (text.includes("leads outside")) outcome.seen++;
  const leaked = SIGNS.test(text);
  const broke = text.includes("failed inside Clawhammer");
  if (leaked) outcome.leaks++;
  if (broke) outcome.broken++;
  if (leaked || broke) outcome.example ??= text.slice(0, 500);
}

/** Makes the outside as it should be. */
async function layOut(outside: string): Promise<void> {
  rmSync(outside, { recursive: true, force: true });
  for (const folder of ["", ...FOLDERS]) {
    await mkdir(join(outside, folder), { recursive: true });
    for (const name of [...NAMES, `${CANARY}.txt`]) {
      const path = join(outside, folder, name);
      await writeFile(path, `${CANARY}\n`.repeat(SIZE).slice(0, SIZE));
      await utimes(path, new Date("1999-07-07"), new Date("1999-07-07"));
    }
  }
}

/** Everything about the outside that a change would change. */
function stateOf(outside: string): string {
  return ["", ...FOLDERS].map((folder) => {
    const path = join(outside, folder);
    try {
      const entries = readdirSync(path).sort().map((name) => `${name} ${lookOf(join(path, name))}`);
      return `${folder} ${lookOf(path)}: ${entries.join(", ")}`;
    } catch (error) {
      return `${folder} ${error}`;
    }
  }).join("\n");
}

function lookOf(path: string): string {
  const { ino, size, mode, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return `${ino}:${size}:${mode}:${mtimeNs}:${ctimeNs}`;
}
