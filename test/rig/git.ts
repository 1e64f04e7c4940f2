/**
 * Repositories to attack with: a place with an allowed folder, one outside and a home, plain git as a person
 * runs it, and a marker that shows whether a program was run.
 * @module
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

/** How a plain git ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a test of git plays. */
export interface GitPlace {
  /** The allowed folder: absolute, real. */
  readonly dir: string;
  /** The repository in it. */
  readonly repo: string;
  /** A folder beside it that is not allowed. */
  readonly outside: string;
  /** The person's home, which is not allowed either. */
  readonly home: string;
  /** Comes into being when the marker command is run. */
  readonly marker: string;
  /** A shell command that makes the marker and then does `rest`. */
  mark(rest?: string): string;
  /** Whether the marker command was run; it is taken away, for the next question. */
  marked(): Promise<boolean>;
  /** Runs plain git, in the repository unless told. Fails when git fails, unless that is expected. */
  git(args: readonly string[], options?: GitOptions): Promise<Ended>;
  /** Writes files of the repository. */
  put(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** Writes an executable file of the repository that is the marker command. @returns its path. */
  script(name: string, rest?: string): Promise<string>;
  /** What ends with the place: servers. */
  readonly closing: (() => void)[];
}

/** How a plain git is run. */
export interface GitOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** The status does not matter. */
  readonly mayFail?: boolean;
  /** Another program than git. */
  readonly program?: string;
}

/** When the commits of tests were made: the same everywhere, so that their hashes are too. */
const DATE = "2026-09-14T10:00:00+02:00";

/** The environment of a person who has set nothing up, but for their name. */
export function personEnv(home: string): Record<string, string> {
  return {
    HOME: home,
    PATH: process.env.PATH ?? "",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_DATE: DATE,
    GIT_COMMITTER_DATE: DATE,
  };
}

/** Runs `work` in a fresh place without a repository, and removes it afterwards. */
export async function withGitPlace<T>(work: (place: GitPlace) => Promise<T>): Promise<T> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-git-")));
  const dir = join(base, "allowed");
  const repo = join(dir, "repo");
  const outside = join(base, "outside");
  const home = join(base, "home");
  const marker = join(base, "marker");
  const mark = (rest = "true") => `touch '${marker}'; ${rest}`;
  const git = async (args: readonly string[], options: GitOptions = {}) => {
    const ended = await run(options.program ?? "git", args, {
      cwd: options.cwd ?? repo,
      env: { ...personEnv(home), ...options.env },
      input: options.input ?? "",
    });
    if (ended.status === 0 || options.mayFail === true) return ended;
    throw new Error(`git ${args.join(" ")} ended with ${ended.status}: ${ended.stderr}${ended.stdout}`);
  };
  const put: GitPlace["put"] = async (files) => {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(repo, name)), { recursive: true });
      await writeFile(join(repo, name), content);
    }
  };
  const closing: GitPlace["closing"] = [];
  try {
    for (const folder of [dir, outside, home]) await mkdir(folder);
    await writeFile(join(home, ".gitconfig"), PERSON);
    return await work({
      ...{ dir, repo, outside, home, marker, mark, git, put, closing },
      async marked() {
        const was = existsSync(marker);
        await rm(marker, { force: true });
        return was;
      },
      async script(name, rest) {
        await put({ [name]: `#!/bin/sh\n${mark(rest)}\n` });
        await chmod(join(repo, name), 0o755);
        return join(repo, name);
      },
    });
  } finally {
    for (const close of closing) close();
    await rm(base, { recursive: true, force: true });
  }
}

/** The person's own configuration. */
const PERSON = "[user]\n\tname = Ada Person\n\temail = ada@example.test\n[init]\n\tdefaultBranch = main\n";

/**
 * Makes the repository that the mechanisms are armed in: `main` and `feature` that differ in one file each, a
 * commit that changes a line, a changed file, a staged one, an untracked one, a stash and a remote `origin`.
 * Git makes it once; every further place gets a copy, which spares dozens of processes.
 */
export async function makeRepository(place: GitPlace): Promise<void> {
  template ??= withGitPlace(async (first) => {
    await buildRepository(first);
    return { dir: first.dir, entries: await readTree(first.dir) };
  });
  const { dir, entries } = await template;
  for (const { path, mode, content } of entries) {
    const to = join(place.dir, path);
    if (content === undefined) await mkdir(to);
    else await writeFile(to, content.replaceAll(dir, place.dir), { mode, encoding: "latin1" });
  }
  // The index knows the files by their inodes and times.
  await place.git(["update-index", "-q", "--refresh"], { mayFail: true });
}

/** A file, its content as latin1, or a folder. */
interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly content?: string;
}

let template: Promise<{ readonly dir: string; readonly entries: readonly Entry[] }> | undefined;

/** What stands below a folder, folders before what is in them. */
async function readTree(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const info = await stat(join(folder, path));
    const content = info.isDirectory() ? undefined : await readFile(join(folder, path), "latin1");
    entries.push({ path, mode: info.mode & 0o777, content });
  }
  return entries;
}

async function buildRepository({ repo, dir, git, put }: GitPlace): Promise<void> {
  await mkdir(repo);
  await git(["init", "-q", "-b", "main"]);
  await put({ "a.txt": "one\ntwo\nthree\n", "b.txt": "first\n", "data.dat": "data\n", "sub/c.txt": "c\n" });
  await git(["add", "."]);
  await git(["commit", "-qm", "Start"]);
  await git(["branch", "feature"]);
  await put({ "a.txt": "one\n2\nthree\n", "data.dat": "data\nmore\n" });
  await git(["commit", "-qam", "Write the second line as a number"]);
  await git(["switch", "-q", "feature"]);
  await put({ "feature.dat": "feature\n" });
  await git(["add", "."]);
  await git(["commit", "-qm", "Add the feature"]);
  await git(["switch", "-q", "main"]);
  await git(["clone", "-q", "--bare", ".", join(dir, "origin.git")]);
  await git(["remote", "add", "origin", join(dir, "origin.git")]);
  await git(["fetch", "-q", "origin"]);
  await put({ "sub/c.txt": "stashed\n" });
  await git(["stash", "push", "-q", "-m", "Put away"]);
  await put({ "a.txt": "one\n2\n3\n", "data.dat": "data\nmore\nand more\n", "b.txt": "second\n" });
  await git(["add", "b.txt"]);
  await put({ "new.txt": "new\n", "new.dat": "new\n" });
}

/** Adds to the configuration of the repository. */
export async function configure(
  { git }: GitPlace,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [key, value] of Object.entries(values)) await git(["config", "--add", key, value]);
}

/** The version of the installed git: major × 1000 + minor, so that 2.39 is 2039. */
export async function gitVersion(place: GitPlace): Promise<number> {
  const { stdout } = await place.git(["--version"], { cwd: place.dir });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) * 1000 + Number(minor);
}

/** Contents whose blobs stand in the folder `objects/17`, by which git estimates how many there are. */
export function manyLooseObjects(count: number): string[] {
  const found: string[] = [];
  for (let number = 0; found.length < count; number++) {
    const body = `loose ${number}`;
    const hash = createHash("sha1").update(`blob ${body.length}\0${body}`).digest("hex");
    if (hash.startsWith("17")) found.push(body);
  }
  return found;
}

async function run(
  program: string,
  args: readonly string[],
  { cwd, env, input }: { cwd: string; env: Record<string, string>; input: string | Uint8Array },
): Promise<Ended> {
  const child = spawn(program, args, { cwd, env, stdio: "pipe" });
  const pieces = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (piece: string) => pieces.stdout += piece);
  child.stderr.setEncoding("utf8").on("data", (piece: string) => pieces.stderr += piece);
  // A program that does not read its input is no failure of the test.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { status, ...pieces };
}

/**
 * All rows under the runtime that is shipped; under Deno every fourth, because these tests start thousands of
 * processes of git, for which the runtime makes no difference.
 */
export function sampled<T>(rows: readonly T[]): readonly T[] {
  return "Deno" in globalThis ? rows.filter((_, index) => index % 4 === 0) : rows;
}
