/**
 * Putting changes into the index and taking them out again.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { GIT_STAGE_PATHS_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import { type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import type { Repository } from "../types.ts";
import { changesOf, changing, type FileChange, filtersOf, locking, pathLines, pathList } from "./state.ts";

/** What `git_stage` takes. */
export interface StageRequest {
  readonly repo: string;
  readonly paths: readonly string[];
  readonly unstage?: boolean;
}

/** Names are no patterns. */
const LITERAL = { GIT_LITERAL_PATHSPECS: "1" };

/** A path that is left as it is, and why. */
interface LeftOut {
  readonly path: string;
  readonly why: string;
}

/** Stages the changes below some paths, or takes them out of the index. */
export async function stage(
  { repo: at, paths, unstage = false }: StageRequest,
  ctx: Context,
): Promise<Reply> {
  if (paths.length === 0) {
    throw new ToolError(
      "Cannot stage nothing: paths is empty",
      'Name files or folders, or "." for everything.',
    );
  }
  return await changing(at, ctx, async (repo) => {
    const below = await Promise.all(paths.map((path) => repo.pathOf(path)));
    return unstage ? await takeOut(repo, paths, below, ctx) : await putIn(repo, paths, below, ctx);
  });
}

async function putIn(
  repo: Repository,
  asked: readonly string[],
  below: readonly string[],
  ctx: Context,
): Promise<Reply> {
  const changes = (await changesOf(repo, below)).filter(({ unstaged }) => unstaged !== undefined);
  if (changes.length === 0) throw await nothingToStage(repo, asked, below);
  refuseTooMany(changes);
  const left = await leftOut(repo, changes);
  const names = new Set(left.map(({ path }) => path));
  const staged = changes.filter(({ path }) => !names.has(path));
  if (staged.length === 0) {
    throw new ToolError(
      `Nothing was staged in ${showName(repo.shown)}: ${reasons(left)}`,
      "The person can stage these by hand.",
    );
  }
  await locking(repo, {
    name: "add",
    options: ["--pathspec-from-file=-", "--pathspec-file-nul"],
    env: LITERAL,
    input: staged.map(({ path }) => path).join("\0"),
  }, ctx.signal);
  return text(
    [
      `Staged ${counted(staged.length, "file")} in ${showName(repo.shown)}`,
      ...pathLines(staged.map(labelled)),
      ...(left.length === 0 ? [] : [`Left out: ${reasons(left)}.`]),
      "git_commit commits what is staged; git_diff with staged shows it.",
    ].join("\n"),
  );
}

/** What a tool does not stage although it changed. */
async function leftOut(repo: Repository, changes: readonly FileChange[]): Promise<LeftOut[]> {
  // A deletion reads nothing, and a filter is not asked about it.
  const kept = changes.filter(({ unstaged }) => unstaged !== "D");
  const filters = await filtersOf(repo, kept.map(({ path }) => path));
  return changes.flatMap(({ path, repository, unstaged }) => {
    const filter = filters.get(path);
    if (repository) return [{ path, why: "it is a repository of its own" }];
    if (unstaged !== "D" && !repo.mayRead(path)) {
      return [{ path, why: "it is protected, as files with secrets are" }];
    }
    if (filter !== undefined) {
      return [{ path, why: `it goes through the program of the filter "${filter}", which tools do not run` }];
    }
    return [];
  });
}

async function takeOut(
  repo: Repository,
  asked: readonly string[],
  below: readonly string[],
  ctx: Context,
): Promise<Reply> {
  const changes = (await changesOf(repo, below)).filter(({ staged, unmerged }) =>
    staged !== undefined && !unmerged
  );
  if (changes.length === 0) {
    throw new ToolError(
      `Nothing is staged in ${showName(repo.shown)} below ${pathList(asked)}`,
      "git_status shows what is staged.",
    );
  }
  refuseTooMany(changes);
  await locking(repo, {
    name: "reset",
    options: ["--quiet", "--pathspec-from-file=-", "--pathspec-file-nul"],
    env: LITERAL,
    input: changes.map(({ path }) => path).join("\0"),
  }, ctx.signal);
  return text(
    [
      `Took ${counted(changes.length, "file")} out of what is staged in ${showName(repo.shown)}; ` +
      "the files themselves are as they were",
      ...pathLines(changes.map(({ path }) => path)),
    ].join("\n"),
  );
}

async function nothingToStage(
  repo: Repository,
  asked: readonly string[],
  below: readonly string[],
): Promise<ToolError> {
  const what = `Nothing to stage in ${showName(repo.shown)} below ${pathList(asked)}`;
  const ignored = await repo.run({
    name: "check-ignore",
    options: ["-z", "--stdin"],
    input: below.filter((path) => path !== "").map((path) => `${path}\0`).join(""),
    okStatus: [0, 1],
  });
  const names = ignored.stdout.toString("utf8").split("\0").filter((name) => name !== "");
  if (names.length > 0) {
    return new ToolError(
      `${what}: git ignores ${pathList(names)}`,
      "See .gitignore. Ignored files are not staged.",
    );
  }
  const everything = await changesOf(repo);
  const open = everything.filter(({ unstaged }) => unstaged !== undefined).map(({ path }) => path);
  const done = everything.filter(({ staged }) => staged !== undefined).length;
  if (open.length > 0) return new ToolError(what, `Changed and not staged: ${pathList(open)}.`);
  return new ToolError(
    what,
    done > 0
      ? `All changes are staged already (${counted(done, "file")}): git_commit commits them.`
      : "No file has changed since the last commit.",
  );
}

function refuseTooMany(changes: readonly FileChange[]): void {
  if (changes.length <= GIT_STAGE_PATHS_MAX) return;
  throw new ToolError(
    `Cannot stage ${counted(changes.length, "file")} in one call: ${
      counted(GIT_STAGE_PATHS_MAX, "file")
    } is the most`,
    "Check that nothing generated is among them (.gitignore), then name folders one by one.",
  );
}

function labelled({ path, unstaged }: FileChange): string {
  if (unstaged === "?") return `${path} (new)`;
  return unstaged === "D" ? `${path} (deleted)` : path;
}

/** Each reason once, with its paths. */
function reasons(left: readonly LeftOut[]): string {
  const groups = new Map<string, string[]>();
  for (const { path, why } of left) groups.set(why, [...groups.get(why) ?? [], path]);
  return [...groups].map(([why, paths]) => `${pathList(paths)} (${why})`).join("; ");
}
