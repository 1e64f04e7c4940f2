/**
 * Switching the work tree to another commit, and what must be seen to before git rewrites files.
 * @module
 */
import { lstat, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode, ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { showName } from "../../names.ts";
import type { Context } from "../../tool.ts";
import type { Repository } from "../types.ts";
import { hookOutput } from "./commit.ts";
import { hooksOf, withParts } from "./hooks.ts";
import { backTo, recording } from "./recorded.ts";
import { existing } from "./refs.ts";
import { currentBranch, definedFilters, filtersOf, locking, pathList } from "./state.ts";

const HOOKS = ["post-checkout", "post-index-change"];

/** What a change of the work tree would do to one path. */
interface TreeChange {
  readonly path: string;
  /** "A", "M", "T" or "D". */
  readonly how: string;
}

/** Switches to a branch. @returns lines for the reply. */
export async function switchTo(repo: Repository, name: string, ctx: Context): Promise<string[]> {
  const target = await existing(repo, name);
  const head = await repo.find("HEAD");
  if (head !== undefined) await refuseLeaving(repo, head);
  const changes = await checkTreeChange(repo, head, target, "switch");
  const hooks = await hooksOf(repo, HOOKS, ctx);
  const rewrite = {
    title: `git_branch switch ${name}`,
    paths: changes.map(({ path }) => path),
    back: backTo(await currentBranch(repo), head),
  };
  const { result: output, told } = await recording(repo, rewrite, ctx, async () => {
    const output = await locking(
      repo,
      withParts({
        name: "switch",
        // Files that git ignores are overwritten without a word unless that is forbidden.
        options: ["--quiet", "--no-guess", "--no-overwrite-ignore", "--no-recurse-submodules"],
        values: [name],
        okStatus: [0, 1, 128],
        finish: !hooks.run,
      }, hooks),
      ctx.signal,
    );
    if (output.status === 0 || await currentBranch(repo) === name) return output;
    throw refused(repo, `switch to ${showName(name)}`, output.stderr);
  });
  return [
    `Switched to ${showName(name)} at ${target.slice(0, 12)}: ${
      counted(changes.length, "file")
    } changed on disk`,
    ...told,
    ...hooks.told,
    ...hookOutput(hooks, output),
  ];
}

/** What git said when it would not touch files, as an instruction. */
export function refused({ shown }: Repository, verb: string, stderr: string): ToolError {
  const named = [...stderr.matchAll(/^\t(.+)$/gm)].flatMap(([, path]) => path ?? []);
  const where = `Cannot ${verb} in ${showName(shown)}`;
  if (
    named.length > 0 && /would be (overwritten|lost|removed)|updating the following directories/i.test(stderr)
  ) {
    return new ToolError(
      `${where}: changes that are not committed would be lost in ${pathList(named)}`,
      "Nothing was changed. Commit them first (git_stage, git_commit), or move what git does not know " +
        "elsewhere.",
    );
  }
  return new ToolError(
    `${where}. Git said: ${stderr.trim() || "nothing"}`,
    "Nothing was changed. git_status shows what is under way.",
  );
}

/** Commits made without a branch are lost from sight when one leaves them. */
async function refuseLeaving(repo: Repository, head: string): Promise<void> {
  if (await currentBranch(repo) !== undefined) return;
  const { stdout } = await repo.run({
    name: "rev-list",
    options: ["--count", "--not", "--branches", "--tags", "--remotes", "--not"],
    revisions: [head],
  });
  const lost = Number(stdout.toString("utf8"));
  if (lost === 0) return;
  throw new ToolError(
    `Cannot switch away from ${head.slice(0, 12)}: ${counted(lost, "commit")} there are on no branch`,
    "Create a branch for them first: git_branch with a name and create.",
  );
}

/**
 * Looks at what git would do to files before it does: no guarded file changes, no program of a filter is
 * needed, and no change that git was told not to look at is overwritten.
 * @param from The commit or tree that is checked out; none when nothing is.
 * @throws {ToolError} naming what stands in the way.
 */
export async function checkTreeChange(
  repo: Repository,
  from: string | undefined,
  to: string,
  verb: string,
): Promise<TreeChange[]> {
  const changes = await treeChanges(repo, from, to);
  const guarded = changes.filter(({ path }) => !repo.mayWrite(path)).map(({ path }) => path);
  const where = `Cannot ${verb} in ${showName(repo.shown)}`;
  if (guarded.length > 0) {
    throw new ToolError(
      `${where}: that would change ${pathList(guarded)}, which no tool may`,
      "Other programs run or obey what stands there. The person can do this by hand, or lift the " +
        "guardrail with " +
        "--unprotect and a pattern.",
    );
  }
  const blocked = await inTheWay(repo, changes);
  if (blocked.length > 0) {
    throw new ToolError(
      `${where}: files that git does not know would be overwritten: ${pathList(blocked)}`,
      "Nothing was changed. Move them elsewhere, or commit them, first.",
    );
  }
  const paths = changes.filter(({ how }) => how !== "D").map(({ path }) => path);
  const filtered = await filteredIn(repo, to, paths);
  if (filtered.length > 0) {
    throw new ToolError(
      `${where}: ${pathList(filtered)} would go through the program of a filter (such as Git LFS)`,
      "Tools do not run it, and without it the files would be wrong. The person can do this by hand.",
    );
  }
  const hidden = await unwatched(repo, new Set(changes.map(({ path }) => path)));
  if (hidden.length > 0) {
    throw new ToolError(
      `${where}: git was told not to look at changes of ${
        pathList(hidden)
      } (assume-unchanged), so they could be lost`,
      "The person can do this by hand, or run git update-index --no-assume-unchanged for them.",
    );
  }
  return changes;
}

/** What differs between two commits or trees. */
export async function treeChanges(
  repo: Repository,
  from: string | undefined,
  to: string,
): Promise<TreeChange[]> {
  if (from === undefined) {
    const { stdout } = await repo.run({
      name: "ls-tree",
      options: ["-r", "-z", "--name-only", "--full-tree"],
      revisions: [to],
    });
    return stdout.toString("utf8").split("\0").filter((path) => path !== "").map((path) => ({
      path,
      how: "A",
    }));
  }
  const { stdout } = await repo.run({
    name: "diff-tree",
    options: ["-r", "-z", "--name-status", "--no-renames"],
    revisions: [from, to],
  });
  const parts = stdout.toString("utf8").split("\0");
  const changes: TreeChange[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    changes.push({ how: parts[at] ?? "", path: parts[at + 1] ?? "" });
  }
  return changes;
}

/**
 * New paths where something stands already. Git refuses to overwrite what it does not know, but not always
 * what
 * it was told to ignore: `.env` files, build results, notes.
 */
async function inTheWay(repo: Repository, changes: readonly TreeChange[]): Promise<string[]> {
  const gone = new Set(changes.filter(({ how }) => how === "D").map(({ path }) => path));
  const found: string[] = [];
  const folders: string[] = [];
  for (const { path, how } of changes) {
    if (how !== "A") continue;
    const kind = await kindAt(repo, path);
    if (kind === "folder") folders.push(path);
    else if (kind === "entry" || (kind === "below a file" && !startsInside(path, gone))) found.push(path);
  }
  const known = found.length === 0 ? new Set<string>() : await tracked(repo, found);
  const others = folders.length === 0 ? "" : (await repo.run({
    name: "ls-files",
    options: ["--others", "-z"],
    paths: folders,
  })).stdout.toString("utf8");
  return [...found.filter((path) => !known.has(path)), ...others.split("\0").filter((path) => path !== "")];
}

/** Those of some paths that are in the index; git itself sees to them. */
async function tracked(repo: Repository, paths: readonly string[]): Promise<Set<string>> {
  const { stdout } = await repo.run({ name: "ls-files", options: ["-z", "--cached"], paths });
  return new Set(stdout.toString("utf8").split("\0"));
}

function startsInside(path: string, files: ReadonlySet<string>): boolean {
  const names = path.split("/");
  return names.some((_, at) => files.has(names.slice(0, at).join("/")));
}

/** What stands at a path of the work tree. */
async function kindAt(repo: Repository, path: string): Promise<"folder" | "entry" | "below a file" | "none"> {
  try {
    return (await lstat(join(repo.top, path))).isDirectory() ? "folder" : "entry";
  } catch (error) {
    return errorCode(error) === "ENOTDIR" ? "below a file" : "none";
  }
}

/** Those of some paths of a commit that a filter would rewrite, which somebody has set up here. */
async function filteredIn(repo: Repository, commit: string, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0 || definedFilters(repo).size === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), "clawhammer-"));
  try {
    // Its attributes are those of the commit only when they are read from an index that holds it.
    const index = join(folder, "index");
    await repo.run({ name: "read-tree", revisions: [commit], env: { GIT_INDEX_FILE: index } });
    return [...(await filtersOf(repo, paths, index)).keys()];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Those of some paths whose changes git does not look at. */
async function unwatched(repo: Repository, paths: ReadonlySet<string>): Promise<string[]> {
  const { stdout } = await repo.run({ name: "ls-files", options: ["-v", "-z"] });
  return stdout.toString("utf8").split("\0").filter((line) => /^[a-z] /.test(line)).map((line) =>
    line.slice(2)
  )
    .filter((path) => paths.has(path));
}
