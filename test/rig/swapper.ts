/**
 * The attacker of the race tests: a process that swaps folders, and files, for links that lead outside, over
 * and over. Arguments: the allowed folder, the folder outside, the milliseconds to run at most, and which
 * share of the targets is its own: the number of this process, and of all.
 *
 * A victim is a folder, or a link to the folder outside, which holds the same names; a leaf is a file, or a
 * link to one outside. Where the system can exchange two names in one step that is done, else, and half
 * of the time, each is moved away before the other takes its place. What the attacked program took away is
 * put back.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { openNativeLibrary } from "../../lib/runtime.ts";
import { FOLDERS, INSIDE, LEAVES, NAMES, VICTIMS } from "./race.ts";

/**
 * Something that is swapped for a link. Only this process renames it, so only this process knows where it
 * is.
 */
interface Target {
  /** Where the attacked program looks. */
  readonly place: string;
  /** Where the other of the two waits. */
  readonly spare: string;
  /** Where the thing itself is while neither has the name. */
  readonly aside: string;
  /** What the link leads to. */
  readonly outside: string;
  make(path: string): void;
  /** Puts back what is missing in the thing itself; `tidy`: also removes what was added. */
  repair(path: string, tidy: boolean): void;
}

/** `AT_FDCWD` and `RENAME_EXCHANGE` of renameat2(2). */
const HERE = -100;
const EXCHANGE = 2;
/** Milliseconds after which the way of swapping changes. */
const MODE_MS = 250;
/** Microseconds, at most, between two swaps: windows of every length must be met. */
const PAUSES: readonly number[] = [0, 20, 200, 500];
/** Milliseconds of a pause from which on it is slept. */
const SLEEP_MS = 0.05;
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));
/** Rounds after which what the attacked program added is removed. */
const TIDY_ROUNDS = 16;

const [dir = "", outside = "", ms = "0", share = "0", shares = "1"] = process.argv.slice(2);
const exchange = await exchanger();
const isOurs = (_: string, i: number): boolean => i % Number(shares) === Number(share);
const targets = [...VICTIMS.filter(isOurs).map(folderTarget), ...LEAVES.filter(isOurs).map(fileTarget)];
for (const target of targets) mend(target, true);
process.stdout.write("ready\n");
const until = performance.now() + Number(ms);
for (let round = 0; performance.now() < until; round++) {
  const atOnce = exchange !== undefined && Math.floor(performance.now() / MODE_MS) % 2 === 0;
  // First each is swapped for its link, then each back: half of the time, half of them are links.
  for (const swap of atOnce ? [exchangeNames, exchangeNames] : [away, back]) {
    for (const target of targets) {
      try {
        swap(target);
      } catch {
        // The attacked program had taken one of them away.
      }
      pause();
    }
  }
  for (const target of targets) mend(target, round % TIDY_ROUNDS === 0);
}

function exchangeNames({ place, spare }: Target): void {
  exchange?.(place, spare);
}

function away({ place, spare, aside }: Target): void {
  renameSync(place, aside);
  renameSync(spare, place);
}

function back({ place, spare, aside }: Target): void {
  renameSync(place, spare);
  renameSync(aside, place);
}

/** Short pauses by working on, so that they are exact; in long ones another process gets the processor. */
function pause(): void {
  const wait = (PAUSES[Math.floor(Math.random() * PAUSES.length)] ?? 0) * Math.random() / 1000;
  if (wait > SLEEP_MS) Atomics.wait(SLEEPER, 0, 0, wait);
  for (const end = performance.now() + wait; wait <= SLEEP_MS && performance.now() < end;);
}

/** Sees to it that the place holds the thing itself, complete, and the spare a link. */
function mend(target: Target, tidy: boolean): void {
  const { place, spare, aside } = target;
  try {
    if (isLink(aside) !== undefined) {
      if (isLink(place) === true) rmSync(place);
      if (isLink(place) === undefined) renameSync(aside, place);
      else rmSync(aside, { recursive: true });
    }
    if (isLink(place) !== false) {
      if (isLink(place) === true) rmSync(place);
      if (isLink(spare) === false) renameSync(spare, place);
      else target.make(place);
    }
    if (isLink(spare) !== true) {
      rmSync(spare, { recursive: true, force: true });
      symlinkSync(target.outside, spare);
    }
    target.repair(place, tidy);
  } catch {
    // Another of its calls came between; the next round tries again.
  }
}

/** Whether a link is there; undefined when nothing is. */
function isLink(path: string): boolean | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
}

function folderTarget(name: string): Target {
  const known = new Set([...NAMES, ...FOLDERS]);
  return {
    ...places(name),
    outside,
    make: (path) => mkdirSync(path),
    repair(path, tidy) {
      for (const folder of ["", ...FOLDERS]) {
        const inside = join(path, folder);
        if (!existsSync(inside)) mkdirSync(inside);
        const there = new Set(readdirSync(inside));
        for (const each of NAMES) if (!there.has(each)) writeFileSync(join(inside, each), INSIDE);
        if (!tidy) continue;
        for (const other of there) {
          if (!known.has(other)) rmSync(join(inside, other), { recursive: true, force: true });
        }
      }
    },
  };
}

function fileTarget(name: string): Target {
  return {
    ...places(name),
    outside: join(outside, NAMES[0] ?? ""),
    make: (path) => writeFileSync(path, INSIDE),
    repair: () => {},
  };
}

function places(name: string): Pick<Target, "place" | "spare" | "aside"> {
  return { place: join(dir, name), spare: join(dir, `${name}.link`), aside: join(dir, `${name}.true`) };
}

/** Exchanges two names in one step, where the system can (Linux with the GNU C library, under Bun). */
async function exchanger(): Promise<((a: string, b: string) => void) | undefined> {
  const library = await openNativeLibrary("libc.so.6", {
    renameat2: { args: ["i32", "ptr", "i32", "ptr", "u32"], returns: "i32" },
  });
  const rename = library?.renameat2;
  if (rename === undefined) return undefined;
  const text = (path: string) => Buffer.from(`${path}\0`);
  return (a, b) => {
    if (rename(HERE, text(a), HERE, text(b), EXCHANGE) !== 0) throw new Error("cannot exchange");
  };
}
