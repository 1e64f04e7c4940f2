/**
 * Branches: listing, creating, switching and deleting what is merged.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { GIT_BRANCHES_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import { clip, type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import type { Repository } from "../types.ts";
import { type Branch, branchesOf, existing, refuseName, tipOf } from "./refs.ts";
import { changing, locking } from "./state.ts";
import { switchTo } from "./switch.ts";

/** What `git_branch` takes. */
export interface BranchRequest {
  readonly repo: string;
  readonly name?: string;
  readonly create?: boolean;
  readonly from?: string;
  readonly switch?: boolean;
  readonly delete?: boolean;
}

/** Lists branches, or creates, switches to or deletes one. */
export async function branch(request: BranchRequest, ctx: Context): Promise<Reply> {
  const { repo: at, name, create = false, from, switch: change = false, delete: remove = false } = request;
  if (name === undefined) {
    if (create || change || remove || from !== undefined) {
      throw new ToolError(
        "Cannot do that with a branch: name is missing",
        "Give name, or nothing else to list.",
      );
    }
    return text((await ctx.git.withRepository(at, { signal: ctx.signal }, branchLines)).join("\n"));
  }
  if (remove && (create || change)) {
    throw new ToolError("Cannot delete and create or switch in one call", "Make two calls.");
  }
  if (!create && !change && !remove) {
    throw new ToolError(
      `Nothing to do with the branch ${showName(name)}`,
      "Say create, switch (or both), or delete. Without a name, branches are listed.",
    );
  }
  if (from !== undefined && !create) {
    throw new ToolError('Cannot use "from" without create', "It names where a new branch begins.");
  }
  return await changing(at, ctx, async (repo) => {
    await refuseName(repo, name);
    if (remove) return text(await deleteBranch(repo, name, ctx));
    const created = create ? [await createBranch(repo, name, from, ctx)] : [];
    if (!change) return text(created.join("\n"));
    try {
      return text([...created, ...await switchTo(repo, name, ctx)].join("\n"));
    } catch (error) {
      // Half of what was asked for would only be in the way of asking again.
      if (create) {
        await repo.run({ name: "branch", options: ["--delete", "--force", "--quiet"], values: [name] });
      }
      throw error;
    }
  });
}

/** The branches, one in a line, and how many there are besides. */
export async function branchLines(repo: Repository): Promise<string[]> {
  const branches = await branchesOf(repo, "refs/heads/");
  const remote = await branchesOf(repo, "refs/remotes/");
  if (branches.length === 0 && remote.length === 0) {
    return [`${showName(repo.shown)} has no branch yet: nothing is committed`];
  }
  const shown = branches.slice(0, GIT_BRANCHES_MAX);
  // Of remote branches, those that have a local one of the same name would only repeat it.
  const names = new Set(branches.map(({ name }) => name));
  const others = remote.filter(({ name }) =>
    !name.endsWith("/HEAD") && !names.has(name.replace(/^[^/]+\//, ""))
  );
  const left = branches.length - shown.length + Math.max(0, others.length - GIT_BRANCHES_MAX);
  return [
    `Branches of ${showName(repo.shown)}, newest first; * is checked out`,
    ...shown.map(line),
    ...(others.length === 0 ? [] : ["Only at a remote:", ...others.slice(0, GIT_BRANCHES_MAX).map(line)]),
    ...(left > 0 ? [`${counted(left, "older branch", "older branches")} not shown.`] : []),
  ];
}

function line({ current, name, hash, date, upstream, subject }: Branch): string {
  const tracks = upstream === "" ? "" : ` -> ${showName(upstream)}`;
  return `${current ? "*" : " "} ${showName(name)}${tracks}  ${hash} ${date}  ${clip(subject, 80)}`;
}

async function createBranch(
  repo: Repository,
  name: string,
  from: string | undefined,
  ctx: Context,
): Promise<string> {
  const there = await tipOf(repo, name);
  if (there !== undefined) {
    throw new ToolError(
      `Cannot create the branch ${showName(name)}: it exists, at ${there.slice(0, 12)}`,
      "Take another name, or switch to it without create.",
    );
  }
  if (from === undefined && await repo.find("HEAD") === undefined) {
    throw new ToolError(
      `Cannot create the branch ${showName(name)}: nothing is committed yet`,
      "Commit something first.",
    );
  }
  const [hash = ""] = await repo.resolve([from ?? "HEAD"]);
  // A branch that begins where a remote's is follows it, as git does it.
  const tracked = from !== undefined && await tipOf(repo, from, "refs/remotes/") === hash;
  await locking(repo, {
    name: "branch",
    options: [tracked ? "--track" : "--no-track"],
    values: [name, tracked ? `refs/remotes/${from}` : hash],
  }, ctx.signal);
  const follows = tracked ? `, following ${showName(from)}` : "";
  return `Created the branch ${showName(name)} at ${hash.slice(0, 12)}${follows}`;
}

/** Deletes a branch all of whose commits are somewhere else too: nothing is lost but the name. */
async function deleteBranch(repo: Repository, name: string, ctx: Context): Promise<string> {
  const hash = await existing(repo, name);
  const { stdout } = await repo.run({
    name: "rev-list",
    options: ["--count", "--not", `--exclude=${name}`, "--branches", "--tags", "--remotes", "--not"],
    revisions: [hash],
  });
  const lost = Number(stdout.toString("utf8"));
  if (lost > 0) {
    throw new ToolError(
      `Cannot delete the branch ${showName(name)}: ${counted(lost, "commit")} would be on no branch any more`,
      "Merge it, or push it, first. To lose them for good, the person can run git branch -D by hand.",
    );
  }
  await locking(
    repo,
    { name: "branch", options: ["--delete", "--force", "--quiet"], values: [name] },
    ctx.signal,
  );
  const again = JSON.stringify({ name, create: true, from: hash });
  return `Deleted the branch ${showName(name)}; its commits are all on other branches. To have it back: ` +
    `git_branch with ${again}`;
}
