/**
 * Random calls with hostile paths on a small tree that has links to the inside and the outside: whatever is
 * asked, no reply may hold anything of the outside or of a secret, nothing outside may change, and no call
 * may fail in a way that is ours to mend.
 * @module
 */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorText, ToolError } from "../../lib/errors.ts";
import { completeTemplate, readResource } from "../../lib/server/resources.ts";
import { modules } from "../../main.ts";
import { type Sandbox, withSandbox } from "../support.ts";
import { hostileGlob, hostilePath, type Words } from "./hostile.ts";
import type { Random } from "./random.ts";

/** Stands in names and contents outside, and in the contents of secrets. */
const CANARY = "CANARY-51c0de";
/** What the guarded file holds, which nothing may change. */
const GUARDED = "[core]\n";
/** Calls on one tree before a fresh one is made. */
const CALLS_PER_TREE = 40;
/** Neighbours whose names a careless check takes for the allowed folder. */
const NEIGHBOURS: readonly string[] = ["-not", " ", '"', "'", ".", "\\", "\n", "%20"];

/** A name outside, one like it that is not there, and what is asked for below. */
const TWINS: readonly (readonly [string, string, string])[] = [
  ["plain.txt", "plaim.txt", ""],
  ["there", "thera", ""],
  ["there", "thera", "/x"],
  ["there", "thera", "/x/y"],
];

const FILES: Readonly<Record<string, string>> = {
  "a.txt": "alpha\n",
  "Case.txt": "upper\n",
  "case.txt": "lower\n",
  "sp ace.txt": "space\n",
  "trailing ": "blank\n",
  "quo\"te's.txt": "quote\n",
  "%41.txt": "percent\n",
  "caf\u00e9.txt": "composed\n",
  "caf\u0065\u0301.txt": "decomposed\n",
  "line\nfeed.txt": "feed\n",
  "back\\slash.txt": "backslash\n",
  "sub/x.txt": "below\n",
  "sub/deep/y.txt": "deeper\n",
  "sub/.git/config": GUARDED,
  ".env": `TOKEN=${CANARY}\n`,
  "sub/id_rsa": `${CANARY}\n`,
};

/** Links and what they lead to, with `%` for the folder outside. */
const LINKS: Readonly<Record<string, string>> = {
  inner: "sub",
  leaf: "a.txt",
  secret: ".env",
  git: "sub/.git",
  out: "%",
  "out.txt": "%/plain.txt",
  dangling: "%/nothing.txt",
  chain: "out",
  "sub/up": "../..",
  "sub/neighbour": "../../allowed-not",
  root: "/",
  loop: "loop",
  self: "/proc/self/root",
};

/** A failure that the seed of the run repeats. */
export async function playPaths(calls: number, random: Random): Promise<void> {
  for (let made = 0; made < calls; made += CALLS_PER_TREE) {
    const journal = random.int(3) === 0;
    await withSandbox(modules, async (sandbox) => {
      await layOut(sandbox);
      const before = describeOutside(sandbox);
      const trail: string[] = [];
      try {
        await expectTwins(sandbox, random);
        for (let i = 0; i < CALLS_PER_TREE; i++) await step(sandbox, random, trail);
        assert.equal(describeOutside(sandbox), before, "something outside has changed");
        expectGuarded(sandbox.dir);
      } catch (error) {
        const last = trail.slice(-CALLS_PER_TREE).join("\n");
        throw new Error(`Fails with seed ${random.seed} in tree ${made / CALLS_PER_TREE}, after:\n${last}`, {
          cause: error,
        });
      }
    }, { journal });
  }
}

async function layOut({ dir, outside, put }: Sandbox): Promise<void> {
  await put(FILES);
  for (const [name, target] of Object.entries(LINKS)) {
    await symlink(target.replace("%", outside), join(dir, name));
  }
  for (const suffix of NEIGHBOURS) {
    const neighbour = dir + suffix;
    await mkdir(join(neighbour, "there"), { recursive: true });
    for (const name of ["plain.txt", `${CANARY}.txt`, `there/${CANARY}.txt`, "a.txt"]) {
      await writeFile(join(neighbour, name), `${CANARY}\n`);
    }
  }
  await chmod(join(dir, "case.txt"), 0o444);
}

async function step(sandbox: Sandbox, random: Random, trail: string[]): Promise<void> {
  const [name, args] = randomCall(sandbox, random);
  trail.push(`${name} ${JSON.stringify(args)}`);
  const text = await ask(sandbox, name, args);
  assert.ok(!text.includes(CANARY), `shows what it must not: ${text.slice(0, 500)}`);
  assert.ok(!text.includes("failed inside Clawhammer"), text.slice(0, 500));
}

/** A tool with its arguments, or one of the ways to reach resources. */
function randomCall({ dir, outside }: Sandbox, random: Random): [string, Record<string, unknown>] {
  const words: Words = {
    starts: [dir, outside, dirname(dir), ...NEIGHBOURS.map((suffix) => dir + suffix), basename(dir)],
    names: [...Object.keys(FILES), ...Object.keys(LINKS), "plain.txt", "there", "nothing.txt", "allowed-not"],
  };
  const path = () => hostilePath(random, words);
  const glob = () => hostileGlob(random, words);
  const maybe = <T>(make: () => T): T | undefined => random.int(2) === 0 ? make() : undefined;
  const calls: readonly (() => [string, Record<string, unknown>])[] = [
    () => ["read_file", { path: path(), offset: maybe(() => random.pick([1, -2, 5])) }],
    () => ["read_multiple_files", { paths: [path(), path(), path()] }],
    () => ["list_directory", {
      path: maybe(path),
      depth: maybe(() => 1 + random.int(5)),
      pattern: maybe(glob),
    }],
    () => ["get_file_info", { path: path() }],
    () => ["write_file", { path: path(), content: "w" }],
    () => ["edit_file", { path: path(), edits: [{ oldText: "a", newText: "b", replaceAll: true }] }],
    () => ["create_directory", { path: path() }],
    () => ["move_file", { source: path(), destination: path() }],
    () => ["copy_file", { source: path(), destination: path() }],
    () => ["delete_file", { path: path(), recursive: maybe(() => true) }],
    () => ["undo_change", { id: 1 + random.int(20) }],
    () => ["resources/read", { uri: path() }],
    () => ["completion", { value: path() }],
  ];
  const searches: readonly (() => [string, Record<string, unknown>])[] = [
    () => ["find_files", { pattern: glob(), path: maybe(path) }],
    () => ["search_text", { pattern: ".", regex: true, path: maybe(path), glob: maybe(glob) }],
  ];
  // Each search starts a process.
  return random.pick(random.int(12) === 0 ? searches : calls)();
}

async function ask({ caller, call }: Sandbox, name: string, args: Record<string, unknown>): Promise<string> {
  if (name !== "resources/read" && name !== "completion") return (await call(name, args)).text;
  const providers = caller.modules.flatMap(({ resources }) => resources ?? []);
  const context = await caller.context();
  try {
    if (name === "resources/read") {
      return JSON.stringify(await readResource(providers, String(args.uri), context)) ?? "";
    }
    const { uriTemplate = "" } = providers.flatMap(({ templates }) => templates)[0] ?? {};
    return JSON.stringify(
      await completeTemplate(providers, uriTemplate, "path", String(args.value), context),
    );
  } catch (error) {
    if (error instanceof ToolError) return errorText(error);
    throw error;
  }
}

/** Whether something outside exists must not show: the replies differ only in the name that was asked for. */
async function expectTwins(sandbox: Sandbox, random: Random): Promise<void> {
  const ways = ["out", "chain", "sub/neighbour", "sub/up/allowed-not", `root${sandbox.outside}`];
  const way = random.pick([...ways, sandbox.outside, "../allowed-not"]);
  const [there, missing, below] = random.pick(TWINS);
  const args = (path: string): readonly [string, Record<string, unknown>][] => [
    ["read_file", { path }],
    ["read_multiple_files", { paths: [path] }],
    ["list_directory", { path }],
    ["get_file_info", { path }],
    ["find_files", { pattern: "*", path }],
    ["search_text", { pattern: "x", path }],
    ["write_file", { path, content: "w" }],
    ["edit_file", { path, edits: [{ oldText: "a", newText: "b" }] }],
    ["create_directory", { path: `${path}/new` }],
    ["move_file", { source: path, destination: "moved" }],
    ["copy_file", { source: "a.txt", destination: path }],
    ["delete_file", { path, recursive: true }],
    ["resources/read", { uri: `file://${path.startsWith("/") ? "" : `${sandbox.dir}/`}${path}` }],
  ];
  const second = args(`${way}/${missing}${below}`);
  for (const [index, [name, given]] of args(`${way}/${there}${below}`).entries()) {
    const other = second[index]?.[1] ?? {};
    const [one, two] = [await ask(sandbox, name, given), await ask(sandbox, name, other)];
    const same = one.replaceAll(there, "…") === two.replaceAll(missing, "…");
    assert.ok(same, `${name} tells whether something is there: ${JSON.stringify(given)}\n${one}\n${two}`);
  }
}

/** Everything beside the allowed folder. */
function describeOutside({ dir, journalFolder }: Sandbox): string {
  const base = dirname(dir);
  const mine = new Set([basename(dir), basename(journalFolder), "cache"]);
  return readdirSync(base).filter((name) => !mine.has(name)).sort().map((name) => describe(join(base, name)))
    .join("\n");
}

function describe(path: string): string {
  const { mode, size, mtimeMs, ctimeMs, nlink } = lstatSync(path);
  const own = `${path} ${mode} ${size} ${mtimeMs} ${ctimeMs} ${nlink}`;
  if (!lstatSync(path).isDirectory()) return own;
  return [own, ...readdirSync(path).sort().map((name) => describe(join(path, name)))].join("\n");
}

/** A guarded file may go with its folder, but wherever it is it holds what it held. */
function expectGuarded(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) expectGuarded(path);
    if (entry.isFile() && basename(folder).toLowerCase() === ".git") {
      assert.equal(readFileSync(path, "utf8"), GUARDED, `${path} was changed`);
    }
    if (entry.isSymbolicLink()) assert.ok(entry.name !== ".git", `.git now leads to ${readlinkSync(path)}`);
  }
}
