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
export const NAMES: readonly string[] = ["f.txt"];
export const FOLDERS: readonly string[] = ["inner"];
/** What the files inside hold. */
export const INSIDE = "inside\n";
/** Stands in names and contents outside alone. */
export const CANARY = "CANARY-7f3a91";
/** What else only the outside has: the size and the year of its files. */
const SIZE = 4_711;
const SIGNS = new RegExp(`${CANARY}|4,711|4\\.7 kB|1999-`);
/** Calls that run at the same time. */
const AT_ONCE = 16;
/** Milliseconds granted on top for what must happen at least once. */
const PATIENCE_MS = 30_000;

/** What a call did. */
export interface Attempted {
  /** Everything that came back or was made inside. */
  readonly text: string;
  /** Whether it did what it was asked. */
  readonly done: boolean;
}

/** What happened in a run. */
export interface Outcome {
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

/** Runs attempts while links are swapped. */
export type Race = (limits: Limits, attempt: (n: number) => Promise<Attempted>) => Promise<Outcome>;

/** Lays out the folders the swapper plays with. `hop` is a link that always leads to `victim`. */
export async function withRace<T>(
  dir: string,
  outside: string,
  ms: number,
  work: (race: Race) => Promise<T>,
): Promise<T> {
  await layOut(outside);
  await symlink("victim", join(dir, "hop"));
  const script = fileURLToPath(new URL("./swapper.ts", import.meta.url));
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
  const swapper = spawn(process.execPath, [...run, dir, outside, String(ms + 60_000)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await new Promise((resolve, reject) => {
      swapper.stdout.once("data", resolve);
      swapper.once("exit", () => reject(new Error("the swapper ended before it began")));
    });
    return await work((limits, attempt) => runRace(outside, limits, attempt));
  } finally {
    const gone = new Promise((resolve) => swapper.once("exit", resolve));
    swapper.kill("SIGKILL");
    await gone;
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
  attempt: (n: number) => Promise<Attempted>,
): Promise<Outcome> {
  const outcome: Outcome = { attempts: 0, done: 0, seen: 0, leaks: 0, broken: 0 };
  let state = stateOf(outside);
  const until = performance.now() + limits.ms;
  while (goesOn(limits, outcome, until)) {
    const numbers = Array.from({ length: AT_ONCE }, () => ++outcome.attempts);
    for (const result of await Promise.allSettled(numbers.map(attempt))) note(result, outcome);
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
