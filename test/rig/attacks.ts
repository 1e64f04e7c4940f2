/**
 * One attack for every tool that takes a path, each with a control: the same operation with the usual check
 * (resolve the path, compare it, then use it), which must let something out in the same rig.
 * @module
 */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { errorText } from "../../lib/errors.ts";
import { isInside } from "../../lib/fs/roots.ts";
import { createSearch } from "../../lib/search/engine.ts";
import { readResource } from "../../lib/server/resources.ts";
import { modules } from "../../main.ts";
import { type Sandbox, withSandbox } from "../support.ts";
import {
  type Attempted,
  CANARY,
  INSIDE,
  type Limits,
  type Outcome,
  provesLeak,
  provesTight,
  withRace,
} from "./race.ts";

/** An attack on one argument of one tool. */
export interface Attack {
  readonly name: string;
  /** Whether ripgrep must not be used. */
  readonly builtIn?: boolean;
  /** Whether changes are recorded; then the journal must not hold anything of the outside either. */
  readonly journal?: boolean;
  /** Whether nothing is shown that could leak, but the reply can tell whether something is there. */
  readonly telling?: boolean;
  /** One call of the tool. */
  attempt(sandbox: Sandbox, n: number): Promise<Attempted>;
  /** The same with check and use by name. Returns what it saw; rejects when the check refused. */
  naive(dir: string, n: number): Promise<string>;
}

/** Files that are swapped, or stand in a folder that is, also behind a link that stays. */
const FILES: readonly string[] = ["victim/f.txt", "leaf.txt", "victim/inner/f.txt", "hop/f.txt"];
const DIRS: readonly string[] = ["victim", "hop", "victim/inner"];
/** Places where nothing is yet. A few names come again and again, so that they do not pile up. */
const PLACES: readonly string[] = ["victim/new", "hop/new", "victim/inner/new", "victim/made/below/new"];

/** The attacks. */
export const ATTACKS: readonly Attack[] = [
  tool(
    "read_file",
    (n) => ({ path: pick(FILES, n) }),
    (dir, n) => readFile(join(dir, pick(FILES, n)), "utf8"),
  ),
  tool("read_multiple_files", () => ({ paths: FILES }), async (dir, n) => {
    return await readFile(join(dir, pick(FILES, n)), "utf8");
  }),
  tool(
    "list_directory",
    (n) => n % 2 === 0 ? { path: pick(DIRS, n / 2) } : { path: ".", depth: 3, sort: "modified" },
    async (dir, n) => (await readdir(join(dir, pick(DIRS, n)))).join("\n"),
  ),
  tool("get_file_info", (n) => ({ path: pick(FILES, n) }), async (dir, n) => {
    return (await stat(join(dir, pick(FILES, n)))).mtime.toISOString();
  }),
  ...searches(false),
  ...searches(true),
  tool("write_file", (n) => ({ path: newOrOld(n), content: INSIDE }), async (dir, n) => {
    await writeFile(join(dir, pick(FILES, n)), INSIDE);
    return "";
  }),
  tool("edit_file", (n) => ({ path: pick(FILES, n), edits: THERE_AND_BACK }), async (dir, n) => {
    const path = join(dir, pick(FILES, n));
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("inside", "inside"));
    return text;
  }),
  tool("create_directory", (n) => ({ path: newPlace(n) }), async (dir, n) => {
    await mkdir(join(dir, "victim", `new${n % 16}`));
    return "";
  }),
  {
    name: "move_file (source)",
    attempt: (sandbox, n) =>
      taking(sandbox.dir, n, (destination) => call(sandbox, "move_file", { source: source(n), destination })),
    naive: (dir, n) => seeing(dir, n, (destination) => rename(join(dir, pick(FILES, n)), destination)),
  },
  {
    name: "move_file (destination)",
    attempt: (sandbox, n) =>
      giving(
        sandbox.dir,
        n,
        (path) => call(sandbox, "move_file", { source: path, destination: newPlace(n) }),
      ),
    naive: (dir, n) => putting(dir, n, (path) => rename(path, join(dir, "victim", `new${n % 16}`))),
  },
  {
    name: "copy_file (source)",
    attempt: (sandbox, n) =>
      taking(sandbox.dir, n, (destination) => call(sandbox, "copy_file", { source: source(n), destination })),
    naive: (dir, n) => seeing(dir, n, (destination) => copyFile(join(dir, pick(FILES, n)), destination)),
  },
  {
    name: "copy_file (destination)",
    attempt: (sandbox, n) =>
      giving(
        sandbox.dir,
        n,
        (path) => call(sandbox, "copy_file", { source: path, destination: newPlace(n) }),
      ),
    naive: (dir, n) => putting(dir, n, (path) => copyFile(path, join(dir, "victim", `new${n % 16}`))),
  },
  tool("delete_file", (n) => ({ path: source(n), recursive: true }), async (dir, n) => {
    await unlink(join(dir, pick(FILES, n)));
    return "";
  }),
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
    naive: (dir, n) =>
      checked(dir, pick(FILES, n), async (path) => {
        await writeFile(path, INSIDE);
        return "";
      }),
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
    naive: (dir, n) => checked(dir, pick(FILES, n), (path) => readFile(path, "utf8")),
  },
];

/** Runs the control of an attack until it leaks, then the attack. */
export async function runAttack(
  attack: Attack,
  limits: Limits,
): Promise<{ readonly control: Outcome; readonly outcome: Outcome }> {
  const results: { control: Outcome; outcome: Outcome }[] = [];
  const search = attack.builtIn
    ? createSearch({ confines: () => Promise.resolve(true), run: () => Promise.resolve(undefined) })
    : undefined;
  await withSandbox(modules, async (sandbox) => {
    const { dir, outside, journalFolder } = sandbox;
    await withRace(dir, outside, limits.ms, async (race) => {
      const control = await race({ ...BRIEF, enough: provesLeak }, async (n) => {
        return { text: await attack.naive(dir, n).catch(() => ""), done: true };
      });
      const outcome = await race({ ...limits, enough: provesTight }, (n) => attack.attempt(sandbox, n));
      if (attack.journal && await holds(journalFolder, CANARY)) {
        outcome.leaks++;
        outcome.example ??= "the journal keeps something of the outside";
      }
      results.push({ control, outcome });
    });
  }, { journal: attack.journal, ...(search === undefined ? {} : { search }) });
  return results[0] ?? assert.fail("the attack did not run");
}

/** What a control needs at least. */
const BRIEF: Limits = { ms: 0, attempts: Infinity };

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

/** An attack on the only path of a tool. The control works on one of {@link FILES} or {@link DIRS}. */
function tool(
  name: string,
  args: (n: number) => unknown,
  use: (dir: string, n: number) => Promise<string>,
): Attack {
  return {
    name,
    attempt: (sandbox, n) => call(sandbox, name, args(n)),
    naive: (dir, n) =>
      checked(dir, name === "list_directory" ? pick(DIRS, n) : pick(FILES, n), () => use(dir, n)),
  };
}

/**
 * Searching, with what is found shown, and with patterns that only the outside has: whether they match must
 * not show.
 */
function searches(builtIn: boolean): Attack[] {
  const suffix = builtIn ? " (built-in)" : "";
  const part = CANARY.slice(2, -2);
  const within = (n: number) => pick([".", "victim", "hop", "leaf.txt"], n);
  const naive = (read: (path: string) => Promise<string>) => (dir: string, n: number) =>
    checked(dir, pick(DIRS, n), read);
  const contents = async (path: string) => await readFile(join(path, "f.txt"), "utf8");
  const names = async (path: string) => (await readdir(path)).join("\n");
  const told = async (sandbox: Sandbox, name: string, args: unknown, nothing: string): Promise<Attempted> => {
    const reply = await call(sandbox, name, args);
    // The pattern itself stands in the reply.
    const tells = reply.done && !reply.text.startsWith(nothing);
    return tells ? { ...reply, text: `${CANARY} was found: ${reply.text}` } : reply;
  };
  return [
    {
      name: `find_files${suffix}`,
      builtIn,
      attempt: (sandbox, n) =>
        call(sandbox, "find_files", { pattern: "*.txt", path: pick([".", ...DIRS], n) }),
      naive: naive(names),
    },
    {
      name: `find_files${suffix}, names only outside`,
      builtIn,
      telling: true,
      attempt: (sandbox, n) =>
        told(sandbox, "find_files", { pattern: part, path: pick([".", ...DIRS], n) }, "No file matches"),
      naive: naive(names),
    },
    {
      name: `search_text${suffix}`,
      builtIn,
      attempt: (sandbox, n) => call(sandbox, "search_text", { pattern: ".", regex: true, path: within(n) }),
      naive: naive(contents),
    },
    {
      name: `search_text${suffix}, text only outside`,
      builtIn,
      telling: true,
      attempt: (sandbox, n) =>
        told(sandbox, "search_text", { pattern: part, path: within(n) }, "No match for"),
      naive: naive(contents),
    },
  ];
}

async function call(sandbox: Sandbox, name: string, args: unknown): Promise<Attempted> {
  const { text, isError } = await sandbox.call(name, args);
  return { text, done: !isError };
}

/** Something that can be taken away: a file, and now and then a whole folder. */
function source(n: number): string {
  return n % 4 === 0 ? pick(["victim", "victim/inner", "hop/inner"], n / 4) : pick(FILES, n);
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

/** Check, then use: what the rig must catch. */
async function checked(dir: string, name: string, use: (path: string) => Promise<string>): Promise<string> {
  const path = join(dir, name);
  if (!isInside(await realpath(path), dir)) throw new Error("outside");
  return await use(path);
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

async function seeing(
  dir: string,
  n: number,
  take: (destination: string) => Promise<unknown>,
): Promise<string> {
  const destination = join(dir, `taken${n}`);
  try {
    return await checked(dir, pick(FILES, n), async () => {
      await take(destination);
      return contentsOf(destination);
    });
  } finally {
    await rm(destination, { force: true });
  }
}

async function putting(dir: string, n: number, put: (path: string) => Promise<unknown>): Promise<string> {
  const path = join(dir, `given${n}`);
  await writeFile(path, INSIDE);
  try {
    return await checked(dir, "victim", async () => {
      await put(path);
      return "";
    });
  } finally {
    await rm(path, { force: true });
  }
}

/** The contents of what was taken; a link counts as what it is, not as what it leads to. */
function contentsOf(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return readFileSync(path, "utf8");
  if (!stats?.isDirectory()) return "";
  return readdirSync(path).map((name) => `${name}\n${contentsOf(join(path, name))}`).join("\n");
}
