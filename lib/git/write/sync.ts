/**
 * Exchanging commits with other repositories: fetch, pull and push.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { GIT_SAID_CHARS_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import { clip, type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import { visible } from "../../visible.ts";
import { isOwn } from "../neutral.ts";
import type { Repository } from "../types.ts";
import { hookOutput } from "./commit.ts";
import { hooksOf, withParts } from "./hooks.ts";
import { isAncestor, merge } from "./merge.ts";
import { lastOf } from "./person.ts";
import { existing, tipOf } from "./refs.ts";
import { addressOf, reach, type Reached, remotesOf } from "./remote.ts";
import { changing, currentBranch, locking } from "./state.ts";

/** What `git_sync` takes. */
export interface SyncRequest {
  readonly repo: string;
  readonly action: "fetch" | "pull" | "push";
  readonly remote?: string;
  readonly branch?: string;
  readonly force?: boolean;
}

/** Fetches, pulls or pushes. */
export async function sync(request: SyncRequest, ctx: Context): Promise<Reply> {
  const { repo: at, action, remote, branch, force = false } = request;
  if (force && action !== "push") {
    throw new ToolError(`Cannot ${action} by force`, "force is for pushing a branch that was rewritten.");
  }
  return await changing(at, ctx, async (repo) => {
    const current = await currentBranch(repo);
    const name = remote ?? defaultRemote(repo, branch ?? current);
    if (action === "push") return text(await push(repo, name, branch ?? current, force, ctx));
    const fetched = await fetchAll(repo, name, ctx);
    if (action === "fetch") return text(fetched.join("\n"));
    return text([...fetched, ...await follow(repo, name, branch, current, ctx)].join("\n"));
  });
}

/** The remote that a branch belongs to, or the only one, or the usual one. */
function defaultRemote(repo: Repository, branch: string | undefined): string {
  const own = repo.settings.filter(isOwn);
  const names = remotesOf(repo);
  const tracked = branch === undefined ? undefined : lastOf(own, `branch.${branch}.remote`);
  if (tracked !== undefined && names.includes(tracked)) return tracked;
  const [only] = names;
  return names.length === 1 && only !== undefined ? only : "origin";
}

/** Fetches all branches of a remote. Nothing but what is known of that remote is changed. */
async function fetchAll(repo: Repository, remote: string, ctx: Context): Promise<string[]> {
  const reached = await reach(repo, addressOf(repo, remote, false), ctx);
  const before = await refsBelow(repo, `refs/remotes/${remote}/`);
  await fetchHeads(repo, remote, reached, ctx);
  const after = await refsBelow(repo, `refs/remotes/${remote}/`);
  const news = [...after].filter(([ref, hash]) => before.get(ref) !== hash && !ref.endsWith("/HEAD"));
  if (news.length === 0) return [`Fetched from ${showName(remote)} (${reached.shown}): nothing new`];
  return [
    `Fetched from ${showName(remote)} (${reached.shown}): ${
      counted(news.length, "branch", "branches")
    } changed`,
    ...news.slice(0, 40).map(([ref, hash]) => {
      const old = before.get(ref);
      const name = showName(ref.slice("refs/remotes/".length));
      return `  ${name} ${old === undefined ? "new, at" : `${old.slice(0, 12)} ->`} ${hash.slice(0, 12)}`;
    }),
    ...(news.length > 40 ? [`  and ${counted(news.length - 40, "more branch", "more branches")}`] : []),
  ];
}

/** Fetches the branches of what is reached as those of a remote. */
export async function fetchHeads(
  repo: Repository,
  remote: string,
  reached: Reached,
  ctx: Context,
  more: readonly string[] = [],
): Promise<void> {
  ctx.progress(0, undefined, `Fetching from ${reached.shown}`);
  const output = await locking(
    repo,
    withParts({
      name: "fetch",
      options: [
        ...["--quiet", "--no-auto-gc", "--no-recurse-submodules", "--no-write-fetch-head", "--refmap="],
        ...reached.uploadOptions,
        ...more,
      ],
      values: [reached.address, `+refs/heads/*:refs/remotes/${remote}/*`],
      okStatus: [0, 1, 128],
    }, reached),
    ctx.signal,
  );
  if (output.status !== 0) throw unreachable("fetch from", reached, output.stderr);
}

/** Brings the branch that is checked out up to what was fetched. */
async function follow(
  repo: Repository,
  remote: string,
  branch: string | undefined,
  current: string | undefined,
  ctx: Context,
): Promise<string[]> {
  if (current === undefined) {
    throw new ToolError(
      "Cannot pull: no branch is checked out",
      "What was fetched is there; git_branch with switch checks a branch out.",
    );
  }
  const merged = lastOf(repo.settings.filter(isOwn), `branch.${current}.merge`)?.replace(
    /^refs\/heads\//,
    "",
  );
  const wanted = `${remote}/${branch ?? merged ?? current}`;
  const target = await tipOf(repo, wanted, "refs/remotes/");
  if (target === undefined) {
    throw new ToolError(
      `Cannot pull: ${showName(remote)} has no branch ${showName(branch ?? merged ?? current)}`,
      "Fetched it is; git_branch lists the branches. Name the one to pull as branch.",
    );
  }
  const head = await repo.find("HEAD");
  if (head !== undefined && !await isAncestor(repo, head, target) && !await isAncestor(repo, target, head)) {
    throw new ToolError(
      `Cannot pull: ${showName(current)} and ${showName(wanted)} both have commits the other lacks`,
      `Both are here now. To join them: git_manage with action "merge" and name ${JSON.stringify(wanted)}.`,
    );
  }
  return await merge(repo, wanted, { title: "git_sync pull" }, ctx);
}

async function push(
  repo: Repository,
  remote: string,
  branch: string | undefined,
  force: boolean,
  ctx: Context,
): Promise<string> {
  if (branch === undefined) {
    throw new ToolError("Cannot push: no branch is checked out", "Name the branch to push.");
  }
  const hash = await existing(repo, branch);
  const reached = await reach(repo, addressOf(repo, remote, true), ctx);
  const known = await tipOf(repo, `${remote}/${branch}`, "refs/remotes/");
  if (force && known === undefined) {
    throw new ToolError(
      `Cannot push ${showName(branch)} by force: what ${showName(remote)} has there is not known here`,
      "Fetch first, look at what would be replaced, and ask the person.",
    );
  }
  const hooks = await hooksOf(repo, ["pre-push"], ctx);
  ctx.progress(0, undefined, `Pushing to ${reached.shown}`);
  const output = await locking(
    repo,
    withParts(
      {
        name: "push",
        options: [
          ...["--quiet", "--no-follow-tags", "--recurse-submodules=no", "--no-signed"],
          ...(hooks.run ? [] : ["--no-verify"]),
          // Replaces exactly what was seen when it was fetched, and nothing that came since.
          ...(force ? [`--force-with-lease=refs/heads/${branch}:${known}`] : []),
          ...reached.receiveOptions,
        ],
        values: [reached.address, `refs/heads/${branch}:refs/heads/${branch}`],
        okStatus: [0, 1, 128],
      },
      reached,
      hooks,
    ),
    ctx.signal,
  );
  if (output.status !== 0) throw pushFailed(reached, branch, output.stderr);
  await repo.run({
    name: "update-ref",
    values: [`refs/remotes/${remote}/${branch}`, hash],
  });
  const lines = [
    `Pushed ${showName(branch)} at ${hash.slice(0, 12)} to ${showName(remote)} (${reached.shown})`,
    ...(known === undefined || known === hash ? [] : [
      force
        ? `It replaced ${known}, which git keeps here for some weeks.`
        : `Before, it was at ${known} there.`,
    ]),
    ...hooks.told,
    ...hookOutput(hooks, output),
  ];
  return lines.join("\n");
}

function pushFailed(reached: Reached, branch: string, stderr: string): ToolError {
  if (/\[rejected\]|non-fast-forward|fetch first|stale info/.test(stderr)) {
    return new ToolError(
      `Cannot push ${showName(branch)}: ${reached.shown} has commits there that this branch lacks`,
      "Pull them first. Replacing them (force) loses them for everybody: only when the person asks for that.",
    );
  }
  return unreachable("push to", reached, stderr);
}

/** What git said when another repository could not be reached, as an instruction. */
export function unreachable(verb: string, { shown }: Reached, stderr: string): ToolError {
  const said = visible(clip(stderr.trim(), GIT_SAID_CHARS_MAX)) || "nothing";
  const signIn = /Authentication failed|could not read (Username|Password)|Permission denied|403|401|denied/i
    .test(stderr);
  const host = /Host key verification failed/i.test(stderr);
  return new ToolError(
    `Cannot ${verb} ${shown}. Git said: ${said}`,
    host
      ? "The person has to connect to that host once with ssh, and to accept its key."
      : signIn
      ? "The person has to sign in by hand once (git fetch in a terminal), so that their credential " +
        "helper or ssh " +
        "agent knows how. Tools never ask for passwords."
      : "Check the address and the connection, and try again.",
  );
}

/** References below a prefix, to their commits. */
async function refsBelow(repo: Repository, prefix: string): Promise<Map<string, string>> {
  const { stdout } = await repo.run({
    name: "for-each-ref",
    options: ["--format=%(refname) %(objectname)"],
    values: [prefix],
  });
  return new Map(
    stdout.toString("utf8").split("\n").filter((row) => row !== "").map((row) => {
      const [ref = "", hash = ""] = row.split(" ");
      return [ref, hash];
    }),
  );
}
