/**
 * One attack for every tool that takes a path. The control is the same tool in the same rig, with the usual
 * check of the path instead of that of the open descriptor, and a ripgrep that is not confined: it must let
 * something out.
 * @module
 */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { errorText } from "../../lib/errors.ts";
import { createPlatform } from "../../lib/fs/platform.ts";
import { createRipgrep, type Ripgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import { readResource } from "../../lib/server/resources.ts";
import { modules } from "../../main.ts";
import { type Sandbox, SILENT, withSandbox } from "../support.ts";
import { checkedByName, counting } from "./platforms.ts";
import {
  type Attempted,
  CANARY,
  FOLDERS,
  INSIDE,
  LEAVES,
  type Limits,
  NAMES,
  type Outcome,
  provesLeak,
  provesTight,
  VICTIMS,
  withRace,
} from "./race.ts";

/** How a search is made: with ripgrep confined, with ripgrep that only proposes, or without. */
export type Engine = "confined" | "proposing" | "built in";

/** An attack on one argument of one tool. */
export interface Attack {
  readonly name: string;
  /** Searches alone have one. */
  readonly engine?: Engine;
  /** Whether changes are recorded; then the journal must not hold anything of the outside either. */
  readonly journal?: boolean;
  /** One call of the tool. */
  attempt(sandbox: Sandbox, n: number): Promise<Attempted>;
}

/** Files that are swapped, or stand in a folder that is, also behind a link that stays. */
const FILES: readonly string[] = VICTIMS.flatMap((victim, i) => [
  ...[`${victim}/${pick(NAMES, i)}`, pick(LEAVES, i), `${victim}/${pick(FOLDERS, i)}/f.txt`],
  ...(i === 0 ? ["hop/f.txt"] : []),
]);
const DIRS: readonly string[] = ["hop", ...VICTIMS, ...VICTIMS.map((victim) => `${victim}/inner`)];
/** Places where nothing is yet. A few names come again and again, so that they do not pile up. */
const PLACES: readonly string[] = [
  "hop/new",
  ...VICTIMS.flatMap((victim) => [`${victim}/new`, `${victim}/inner/new`, `${victim}/made/below/new`]),
];

/** The attacks. */
export const ATTACKS: readonly Attack[] = [
  tool("read_file", (n) => ({ path: pick(FILES, n) })),
  tool("read_multiple_files", (n) => ({ paths: Array.from({ length: 50 }, (_, i) => pick(FILES, n + i)) })),
  tool(
    "list_directory",
    (n) => n % 8 === 0 ? { path: pick(DIRS, n / 8) } : { path: ".", depth: 3, sort: "modified" },
  ),
  tool("get_file_info", (n) => ({ path: pick(FILES, n) })),
  ...(["confined", "proposing", "built in"] as const).flatMap(searches),
  tool("write_file", (n) => ({ path: newOrOld(n), content: INSIDE })),
  tool("edit_file", (n) => ({ path: pick(FILES, n), edits: THERE_AND_BACK })),
  tool("create_directory", (n) => ({ path: newPlace(n) })),
  {
    name: "move_file (source)",
    attempt: (sandbox, n) =>
      taking(sandbox.dir, n, (destination) => call(sandbox, "move_file", { source: source(n), destination })),
  },
  {
    name: "move_file (destination)",
    attempt: (sandbox, n) =>
      giving(
        sandbox.dir,
        n,
        (path) => call(sandbox, "move_file", { source: path, destination: newPlace(n) }),
      ),
  },
  {
    name: "copy_file (source)",
    attempt: (sandbox, n) =>
      taking(sandbox.dir, n, (destination) => call(sandbox, "copy_file", { source: source(n), destination })),
  },
  {
    name: "copy_file (destination)",
    attempt: (sandbox, n) =>
      giving(
        sandbox.dir,
        n,
        (path) => call(sandbox, "copy_file", { source: path, destination: newPlace(n) }),
      ),
  },
  tool("delete_file", (n) => ({ path: source(n), recursive: true })),
  {
    name: "undo_change",
    journal: true,
    async attempt(sandbox, n) {
      const path = source(n);
      const made = n % 2 === 0
        ? await call(sandbox, "write_file", { path: newOrOld(n), content: INSIDE })
        : await call(sandbox, "delete_file", { path, recursive: true });
      const [newest] = await sandbox.files.changes.list(1);
      const undone = await call(sandbox, "undo_change", { id: newest?.id ?? 1 });
      return { text: `${made.text}\n${undone.text}`, done: undone.done };
    },
  },
  {
    name: "resources/read",
    async attempt({ caller, dir }, n) {
      const providers = caller.modules.flatMap(({ resources }) => resources ?? []);
      const uri = pathToFileURL(join(dir, pick([...FILES, ...DIRS], n))).href;
      try {
        return {
          text: JSON.stringify(await readResource(providers, uri, await caller.context())),
          done: true,
        };
      } catch (error) {
        return { text: errorText(error), done: false };
      }
    },
  },
];

/**
 * Runs an attack.
 * @param pool Whether the file layer does its work in the thread pool, as for folders on a network.
 */
export async function runAttack(attack: Attack, limits: Limits, pool: boolean): Promise<Outcome> {
  return await run(attack, { ...limits, enough: provesTight }, pool, false);
}

/** Runs the control of an attack until it leaks, if it does. */
export async function runControl(attack: Attack, pool: boolean): Promise<Outcome> {
  return await run(attack, { ms: 0, attempts: Infinity, enough: provesLeak }, pool, true);
}

async function run(attack: Attack, limits: Limits, pool: boolean, isControl: boolean): Promise<Outcome> {
  const results: Outcome[] = [];
  let opened = 0;
  const { engine = "confined", journal = false } = attack;
  const search = createSearch(ripgrepOf(engine, isControl));
  const platform = (dir: string) => {
    const real = createPlatform(!pool);
    return counting(isControl ? checkedByName(real) : real, dir, () => opened++);
  };
  await withSandbox(modules, async (sandbox) => {
    const { dir, outside, journalFolder } = sandbox;
    await withRace(dir, outside, limits.ms, async (race) => {
      const outcome = await race(limits, () => opened, (n) => attack.attempt(sandbox, n));
      if (journal && await holds(journalFolder, CANARY)) {
        outcome.leaks++;
        outcome.example ??= "the journal keeps something of the outside";
      }
      results.push(outcome);
    });
  }, { journal, search, platform });
  return results[0] ?? assert.fail("the attack did not run");
}

/** The control of a confined ripgrep is one that is trusted without being confined. */
function ripgrepOf(engine: Engine, isControl: boolean): Ripgrep {
  if (engine === "built in") {
    return { confines: () => Promise.resolve(true), run: () => Promise.resolve(undefined) };
  }
  const ripgrep = createRipgrep({ cacheFolder: "/nonexistent", log: SILENT, confine: engine === "confined" });
  if (!isControl) return ripgrep;
  return {
    confines: () => Promise.resolve(true),
    run: (run) => ripgrep.run({ ...run, confined: false }),
  };
}

/** Whether any file of a folder holds a text. */
async function holds(folder: string, text: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    if ((await readFile(join(entry.parentPath, entry.name))).includes(text)) return true;
  }
  return false;
}

/** Edits that are all made and change nothing in the end. */
const THERE_AND_BACK: unknown = [
  { oldText: "inside", newText: "edited" },
  { oldText: "edited", newText: "inside" },
];

/** An attack on the only path of a tool. */
function tool(name: string, args: (n: number) => unknown): Attack {
  return { name, attempt: (sandbox, n) => call(sandbox, name, args(n)) };
}

/**
 * Searching, with what is found shown, and with patterns that only the outside has: whether they match must
 * not show.
 */
function searches(engine: Engine): Attack[] {
  const part = CANARY.slice(2, -2);
  const where = (n: number, others: readonly string[]) => n % 32 === 0 ? pick(others, n / 32) : ".";
  const names = (n: number) => where(n, DIRS);
  const texts = (n: number) => where(n, ["hop", ...LEAVES, ...VICTIMS]);
  // What ripgrep opens of a victim: its folders, each with a look for a .gitignore, and the files in them.
  const [list, read] = [2 * (1 + FOLDERS.length), (2 + NAMES.length) * (1 + FOLDERS.length)];
  // Half of the victims may happen to be links when it comes to them.
  const byName = (path: string, each: number) =>
    engine !== "built in" && path === "." ? Math.floor(VICTIMS.length * each / 2) : 0;
  const told = async (sandbox: Sandbox, name: string, args: unknown, nothing: string): Promise<Attempted> => {
    const reply = await call(sandbox, name, args);
    // The pattern itself stands in the reply.
    const tells = reply.done && !reply.text.startsWith(nothing);
    return tells ? { ...reply, text: `${CANARY} was found: ${reply.text}` } : reply;
  };
  const counted = async (reply: Promise<Attempted>, others: number) => ({ ...await reply, others });
  const text: Attack[] = [
    {
      name: `search_text ${engine}`,
      engine,
      attempt: (sandbox, n) =>
        counted(
          call(sandbox, "search_text", { pattern: ".", regex: true, path: texts(n) }),
          byName(texts(n), read),
        ),
    },
    {
      name: `search_text ${engine}: what only the outside has`,
      engine,
      attempt: (sandbox, n) =>
        counted(
          told(sandbox, "search_text", { pattern: part, path: texts(n) }, "No match for"),
          byName(texts(n), read),
        ),
    },
  ];
  // Where ripgrep only proposes, names are found without it.
  if (engine === "proposing") return text;
  return [
    {
      name: `find_files ${engine}`,
      engine,
      attempt: (sandbox, n) =>
        counted(call(sandbox, "find_files", { pattern: "*.txt", path: names(n) }), byName(names(n), list)),
    },
    {
      name: `find_files ${engine}: what only the outside has`,
      engine,
      attempt: (sandbox, n) =>
        counted(
          told(sandbox, "find_files", { pattern: part, path: names(n) }, "No file matches"),
          byName(names(n), list),
        ),
    },
    ...text,
  ];
}

async function call(sandbox: Sandbox, name: string, args: unknown): Promise<Attempted> {
  const { text, isError } = await sandbox.call(name, args);
  return { text, done: !isError };
}

/** Something that can be taken away: a file, and now and then a whole folder. */
function source(n: number): string {
  return n % 2 === 0 ? pick([...DIRS, "hop/inner"], n / 2) : pick(FILES, n);
}

function newPlace(n: number): string {
  return `${pick(PLACES, n)}${n % 16}`;
}

function newOrOld(n: number): string {
  return n % 2 === 0 ? pick(FILES, n / 2) : newPlace(n);
}

function pick(items: readonly string[], n: number): string {
  return items[Math.floor(n) % items.length] ?? "";
}

/** Takes something to a new place, and adds what stands there afterwards to the reply. */
async function taking(
  dir: string,
  n: number,
  take: (destination: string) => Promise<Attempted>,
): Promise<Attempted> {
  const destination = join(dir, `taken${n}`);
  try {
    const result = await take(destination);
    return { ...result, text: `${result.text}\n${contentsOf(destination)}` };
  } finally {
    rmSync(destination, { recursive: true, force: true });
  }
}

/** Puts something of ours into a new place. */
async function giving(
  dir: string,
  n: number,
  give: (path: string) => Promise<Attempted>,
): Promise<Attempted> {
  const path = join(dir, `given${n}`);
  writeFileSync(path, INSIDE);
  try {
    return await give(path);
  } finally {
    rmSync(path, { force: true });
  }
}

/** The contents of what was taken; a link counts as what it is, not as what it leads to. */
function contentsOf(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return readFileSync(path, "utf8");
  if (!stats?.isDirectory()) return "";
  return readdirSync(path).map((name) => `${name}\n${contentsOf(join(path, name))}`).join("\n");
}
