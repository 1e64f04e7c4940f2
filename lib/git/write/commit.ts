/**
 * Committing what is staged.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { GIT_SAID_CHARS_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import { clip, type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import type { Output, Repository } from "../types.ts";
import { type Hooks, hooksOf, withParts } from "./hooks.ts";
import { type Person, personOf } from "./person.ts";
import { changesOf, changing, currentBranch, type FileChange, locking, pathList } from "./state.ts";

const HOOKS = [
  ...["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change"],
  "reference-transaction",
];

/** What `git_commit` takes. */
export interface CommitRequest {
  readonly repo: string;
  readonly message: string;
}

/** Commits what is staged, as the person, and tells what was committed. */
export async function commit({ repo: at, message }: CommitRequest, ctx: Context): Promise<Reply> {
  if (message.trim() === "") {
    throw new ToolError(
      "Cannot commit without a message",
      "Say in one line what changes and, after an empty line, why.",
    );
  }
  if (message.includes("\0")) {
    throw new ToolError("Cannot commit: the message holds a NUL character", "Send it without.");
  }
  return await changing(at, ctx, async (repo) => {
    const changes = await changesOf(repo);
    const merging = await repo.find("MERGE_HEAD") !== undefined;
    const staged = stagedOf(repo, changes, merging);
    const person = personOf(repo, ctx);
    const hooks = await hooksOf(repo, HOOKS, ctx);
    const before = await repo.find("HEAD");
    const output = await locking(
      repo,
      withParts(
        {
          name: "commit",
          options: [
            ...["--quiet", "--file=-", "--cleanup=whitespace", "--no-status"],
            person.signsCommits ? "--gpg-sign" : "--no-gpg-sign",
            ...(hooks.run ? [] : ["--no-verify"]),
          ],
          input: message.endsWith("\n") ? message : `${message}\n`,
          okStatus: [0, 1, 128],
          // Hooks and signing may take as long as they like, and wait for a person.
          finish: !hooks.run && !person.signsCommits,
        },
        hooks,
        person,
      ),
      ctx.signal,
    );
    if (output.status !== 0) throw failed(repo, output, hooks, person);
    return text(await described(repo, before, staged, hooks, person, output));
  });
}

/** What will be committed. @throws {ToolError} when that is nothing, or a merge is not decided. */
function stagedOf(repo: Repository, changes: readonly FileChange[], merging: boolean): FileChange[] {
  const unmerged = changes.filter((change) => change.unmerged).map(({ path }) => path);
  if (unmerged.length > 0) {
    throw new ToolError(
      `Cannot commit in ${showName(repo.shown)}: both sides of the merge changed ${pathList(unmerged)}`,
      "Edit each of them until it holds what it should, without the lines <<<<<<<, ======= and >>>>>>>, " +
        "then " +
        "call git_stage with them, and this again.",
    );
  }
  const staged = changes.filter((change) => change.staged !== undefined);
  if (staged.length > 0 || merging) return staged;
  const open = changes.map(({ path }) => path);
  throw new ToolError(
    `Nothing to commit in ${showName(repo.shown)}: nothing is staged`,
    open.length === 0
      ? "No file has changed since the last commit."
      : `Call git_stage with what belongs into the commit. Changed: ${pathList(open)}.`,
  );
}

/** The commit as a few lines: its hash, branch, author and files. */
async function described(
  repo: Repository,
  before: string | undefined,
  staged: readonly FileChange[],
  hooks: Hooks,
  person: Person,
  output: Output,
): Promise<string> {
  const [hash = ""] = await repo.resolve(["HEAD"]);
  const current = await currentBranch(repo);
  const branch = current === undefined ? "no branch (detached HEAD)" : showName(current);
  const [author = "", subject = ""] = (await repo.run({
    name: "log",
    options: ["-1", "--format=%an <%ae>%x00%s", "--no-show-signature"],
    revisions: [hash],
  })).stdout.toString("utf8").trimEnd().split("\0");
  const stat = before === undefined
    ? staged.map(({ path }) => ` ${showName(path)} (new)`).join("\n")
    : (await repo.run({
      name: "diff",
      options: ["--stat=100", "--summary", "--stat-count=60"],
      revisions: [before, hash],
    })).stdout.toString("utf8").trimEnd();
  const guarded = staged.filter(({ path, staged: how }) => how !== "D" && !repo.mayRead(path));
  return [
    `Committed ${hash.slice(0, 12)} on ${branch}: ${subject}`,
    `Author: ${author}${person.signsCommits ? "; signed" : ""}`,
    stat,
    ...(guarded.length === 0 ? [] : [
      `Protected files are in it, which the person had staged: ${pathList(guarded.map(({ path }) => path))}.`,
    ]),
    ...hooks.told,
    ...hookOutput(hooks, output),
  ].join("\n");
}

/** What hooks wrote, as data. */
export function hookOutput({ run }: Hooks, { stderr, stdout }: Output): string[] {
  const wrote = [stdout.toString("utf8"), stderr].join("\n").trim();
  return !run || wrote === "" ? [] : [`Their output:\n${clip(wrote, GIT_SAID_CHARS_MAX)}`];
}

function failed(repo: Repository, output: Output, hooks: Hooks, person: Person): ToolError {
  const said = clip([output.stdout.toString("utf8"), output.stderr].join("\n").trim(), GIT_SAID_CHARS_MAX);
  const where = showName(repo.shown);
  if (/gpg failed to sign|failed to write commit object|Load key|signing failed/.test(said)) {
    return new ToolError(
      `Cannot commit in ${where}: signing failed. Git said: ${said}`,
      person.signsCommits
        ? "Commits are signed because the person's git configuration says so (commit.gpgSign). Ask them " +
          "to unlock " +
          "or mend their key; nothing was committed."
        : "Nothing was committed.",
    );
  }
  if (/nothing (added )?to commit|no changes added/.test(said)) {
    return new ToolError(
      `Nothing to commit in ${where}: it was committed meanwhile`,
      "git_log shows the last commits.",
    );
  }
  return new ToolError(
    `Cannot commit in ${where}${hooks.run ? ": a hook or git refused it" : ""}. Git said: ${
      said || "nothing"
    }`,
    hooks.run
      ? "Mend what the hook complains about, stage it, and call this again."
      : "Mend that and try again.",
  );
}
