/**
 * What a repository is in the middle of: the changes of its files, and one change of ours at a time.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { errorText, throwIfAborted, ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { GIT_LOCK_MS_MAX, GIT_LOCK_STEP_MS, GIT_PATHS_SHOWN_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import type { Context } from "../../tool.ts";
import type { Command, OpenOptions, Output, Repository } from "../types.ts";

/** One changed path of `git status --porcelain=v2`. */
export interface FileChange {
  /** Below the top, with "/". Of an untracked repository within: ends with "/". */
  readonly path: string;
  /** What is staged: "A", "M", "D", "T", "R"; undefined when nothing is. */
  readonly staged?: string;
  /** What is changed beyond that, and is not staged; "?" when git does not know the file. */
  readonly unstaged?: string;
  /** Both sides of a merge changed it, and nobody has decided yet. */
  readonly unmerged: boolean;
  /** It is a submodule, or a repository within. */
  readonly repository: boolean;
}

/** Opens a repository to change it, while no other call of this process changes the same one. */
export async function changing<T>(
  path: string,
  ctx: Context,
  work: (repo: Repository) => Promise<T>,
  options: Omit<OpenOptions, "signal"> = { forWriting: true },
): Promise<T> {
  return await ctx.git.withRepository(path, { ...options, signal: ctx.signal }, async (repo) => {
    return await ctx.files.exclusive([repo.commonDir], async () => {
      throwIfAborted(ctx.signal);
      return await work(repo);
    });
  });
}

/**
 * Runs a command that takes one of git's locks, and waits a moment when another program is in the way.
 * @throws {ToolError} that says what to do about it, when it stays.
 */
export async function locking(repo: Repository, command: Command, signal: AbortSignal): Promise<Output> {
  for (let waited = 0;; waited += GIT_LOCK_STEP_MS) {
    let obstacle: Obstacle | undefined;
    try {
      // Ended in the wrong moment, git leaves its lock behind: what is short is left to finish.
      const output = await repo.run({ finish: true, ...command });
      obstacle = output.status === 0 ? undefined : obstacleIn(output.stderr);
      if (obstacle === undefined) return output;
    } catch (error) {
      obstacle = error instanceof ToolError ? obstacleIn(errorText(error)) : undefined;
      if (obstacle === undefined) throw error;
    }
    if (waited >= GIT_LOCK_MS_MAX) throw obstructed(repo, obstacle);
    await sleep(GIT_LOCK_STEP_MS, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
}

/** Another program in the way: it holds a lock, or has just changed what git was about to change. */
interface Obstacle {
  /** The name of the file that is the lock. */
  readonly lock?: string | undefined;
}

/** What was in git's way, from what it says; undefined when it failed for another reason. */
export function obstacleIn(message: string): Obstacle | undefined {
  const lock = /nable to create '?[^'\n]*?([^'/\\\n]+\.lock)'?: File exists/.exec(message)?.[1];
  if (lock !== undefined) return { lock };
  const isMoved = /cannot lock ref '[^'\n]+': (is at [0-9a-f]+ but expected|reference already exists)/
    .test(message);
  // No message of ours is empty: another git has just begun to write its own into the same file.
  return isMoved || message.includes("due to empty commit message") ? {} : undefined;
}

/** The error for what stays in the way. */
export function obstructed({ shown }: Repository, { lock }: Obstacle): ToolError {
  const seconds = GIT_LOCK_MS_MAX / 1_000;
  if (lock === undefined) {
    return new ToolError(
      `Another program keeps changing ${
        showName(shown)
      }: git found no moment of its own for ${seconds} seconds`,
      "Nothing was changed. Look at git_log for what it has done, then try again.",
    );
  }
  return new ToolError(
    `Another program is working in ${showName(shown)}: its lock "${lock}" stayed for ${seconds} seconds`,
    "Nothing was changed. Try again in a moment. If no git is running there, it was left behind: the " +
      `person can delete "${lock}" in the git directory.`,
  );
}

/**
 * The changes below some paths; none given: of the whole work tree. Renames come as a deletion and an
 * addition.
 */
export async function changesOf(
  repo: Repository,
  paths: readonly string[] = [],
  untracked: "all" | "no" = "all",
): Promise<FileChange[]> {
  const { stdout } = await repo.run({
    name: "status",
    options: [
      ...["--porcelain=v2", "-z", `--untracked-files=${untracked}`, "--no-renames"],
      // Looking into submodules would be git's work there, with the settings they have.
      "--ignore-submodules=dirty",
    ],
    // The top itself is everything, and no path.
    ...(paths.length === 0 || paths.includes("") ? {} : { paths }),
  });
  return stdout.toString("utf8").split("\0").flatMap((line) => changeOf(line) ?? []);
}

function changeOf(line: string): FileChange | undefined {
  const kind = line[0];
  if (kind === "?") {
    const path = line.slice(2);
    return { path, unstaged: "?", unmerged: false, repository: path.endsWith("/") };
  }
  if (kind !== "1" && kind !== "u") return undefined;
  const [, xy = "..", sub = "N", ...rest] = line.split(" ");
  const path = rest.slice(kind === "u" ? 7 : 5).join(" ");
  const letter = (at: number) => {
    const found = xy[at];
    return found === undefined || found === "." ? {} : { [at === 0 ? "staged" : "unstaged"]: found };
  };
  if (kind === "u") return { path, unstaged: "U", unmerged: true, repository: sub.startsWith("S") };
  return { path, ...letter(0), ...letter(1), unmerged: false, repository: sub.startsWith("S") };
}

/** The filters that the configuration defines, whoever's it is. Others do nothing, in git as here. */
export function definedFilters({ settings }: Repository): Set<string> {
  return new Set(
    settings.flatMap(({ key }) => /^filter\.(.*)\.(clean|smudge|process)$/s.exec(key)?.[1] ?? []),
  );
}

/**
 * The driver that the attribute `filter` names for each path that has one. Filters are programs: Git LFS,
 * git-crypt.
 * @param index Another index than the repository's, whose attributes count then, and not the files'.
 */
export async function filtersOf(
  repo: Repository,
  paths: readonly string[],
  index?: string,
): Promise<Map<string, string>> {
  const defined = definedFilters(repo);
  if (paths.length === 0 || defined.size === 0) return new Map();
  const { stdout } = await repo.run({
    name: "check-attr",
    options: ["-z", "--stdin", ...(index === undefined ? [] : ["--cached"])],
    values: ["filter"],
    input: paths.map((path) => `${path}\0`).join(""),
    ...(index === undefined ? {} : { env: { GIT_INDEX_FILE: index } }),
  });
  const parts = stdout.toString("utf8").split("\0");
  const found = new Map<string, string>();
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [path = "", , value = ""] = parts.slice(at, at + 3);
    if (defined.has(value)) found.set(path, value);
  }
  return found;
}

/** The branch that is checked out; undefined when a commit is. */
export async function currentBranch(repo: Repository): Promise<string | undefined> {
  const { stdout, status } = await repo.run({
    name: "symbolic-ref",
    options: ["--quiet"],
    values: ["HEAD"],
    okStatus: [0, 1],
  });
  return status === 0 ? stdout.toString("utf8").trim().replace(/^refs\/heads\//, "") : undefined;
}

/** Some paths in one line each, and how many more there are. */
export function pathLines(paths: readonly string[], max = GIT_PATHS_SHOWN_MAX): string[] {
  const more = paths.length - max;
  return [
    ...paths.slice(0, max).map((path) => `  ${showName(path)}`),
    ...(more > 0 ? [`  and ${counted(more, "more path")}`] : []),
  ];
}

/** A few paths in one sentence. */
export function pathList(paths: readonly string[], max = 10): string {
  const more = paths.length - max;
  return paths.slice(0, max).map(showName).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
