/**
 * Committing what is staged.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { GIT_SAID_CHARS_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import { clip, type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import { visible } from "../../visible.ts";
import type { Command, Output, Repository } from "../types.ts";
import { alone } from "./alone.ts";
import { type Hooks, hooksOf, withParts } from "./hooks.ts";
import { type Person, personOf } from "./person.ts";
import { cleanMessage, commitStaged, isPlain, withMessage } from "./plain.ts";
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
    refuseUnready(repo, changes, merging);
    const person = personOf(repo, ctx);
    const hooks = await hooksOf(repo, HOOKS, ctx);
    const clean = cleanMessage(message);
    const fail = (output: Output) => failed(repo, output, hooks, person);
    if (!hooks.run && await isPlain(repo)) {
      const hash = await commitStaged(repo, clean, person, fail, ctx.signal);
      return text(await described(repo, hash, hooks, person));
    }
    return await alone(repo, ctx.signal, async () => {
      const before = await repo.find("HEAD");
      const output = await locking(repo, commandOf(clean, hooks, person), ctx.signal);
      if (output.status !== 0) throw fail(output);
      const known = { message: clean, before };
      const hash = hooks.rewrites ? await repo.find("HEAD") : await withMessage(repo, known, person, fail);
      if (hash === undefined) throw unknown(repo);
      return text([await described(repo, hash, hooks, person), ...hookOutput(hooks, output)].join("\n"));
    });
  });
}

/** The command of git itself, which runs hooks and ends what is under way. */
function commandOf(message: string, hooks: Hooks, person: Person): Command {
  const command = {
    name: "commit",
    options: [
      ...["--quiet", "--file=-", "--cleanup=whitespace", "--no-status"],
      person.signsCommits ? "--gpg-sign" : "--no-gpg-sign",
      ...(hooks.run ? [] : ["--no-verify"]),
    ],
    input: message,
    okStatus: [0, 1, 128],
    // Hooks and signing may take as long as they like, and wait for a person.
    finish: !hooks.run && !person.signsCommits,
  };
  return withParts(command, hooks, person);
}

function unknown({ shown }: Repository): ToolError {
  return new ToolError(
    `It was committed in ${showName(shown)}, but another git committed there at the same moment`,
    "Look at git_log: one of the newest commits is this one, and may have the message of another.",
  );
}

/** Refuses to commit nothing, and a merge that is not decided. */
function refuseUnready(repo: Repository, changes: readonly FileChange[], merging: boolean): void {
  const unmerged = changes.filter((change) => change.unmerged).map(({ path }) => path);
  if (unmerged.length > 0) {
    throw new ToolError(
      `Cannot commit in ${showName(repo.shown)}: both sides of the merge changed ${pathList(unmerged)}`,
      "Edit each of them until it holds what it should, without the lines <<<<<<<, ======= and >>>>>>>, " +
        "then " +
        "call git_stage with them, and this again.",
    );
  }
  if (merging || changes.some((change) => change.staged !== undefined)) return;
  const open = changes.map(({ path }) => path);
  throw new ToolError(
    `Nothing to commit in ${showName(repo.shown)}: nothing is staged`,
    open.length === 0
      ? "No file has changed since the last commit."
      : `Call git_stage with what belongs into the commit. Changed: ${pathList(open)}.`,
  );
}

/** The commit as a few lines: its hash, branch, author and files. */
async function described(repo: Repository, hash: string, hooks: Hooks, person: Person): Promise<string> {
  const current = await currentBranch(repo);
  const branch = current === undefined ? "no branch (detached HEAD)" : showName(current);
  const [names = "", changed = ""] = await Promise.all([
    printed(repo, "log", ["-1", "--format=%an <%ae>%x00%cn <%ce>%x00%s%x00%P", "--no-show-signature"], hash),
    // Against the first parent; of the first commit, everything.
    printed(repo, "diff-tree", ["--root", FIRST, "-r", "-z", ...NAMES], hash),
  ]);
  const [author = "", committer = "", subject = "", parents = ""] = names.trimEnd().split("\0");
  const [parent = ""] = parents.split(" ");
  const stat = await printed(
    repo,
    "diff-tree",
    ["--root", FIRST, "--no-commit-id", "--stat=100", "--summary", "--stat-count=60"],
    hash,
  );
  const guarded = changed.split("\0").filter((path) => path !== "" && !repo.mayRead(path));
  return [
    `Committed ${hash.slice(0, 12)} on ${branch}: ${visible(subject)}`,
    `Author: ${visible(author)}${committer === author ? "" : `; committed by ${visible(committer)}`}${
      person.signsCommits ? "; signed" : ""
    }${person.note}`,
    ...(parent === "" ? [] : [`Before, the branch was at ${parent.slice(0, 12)}.`]),
    stat.trimEnd(),
    ...(guarded.length === 0
      ? []
      : [`Protected files are in it, which the person had staged: ${pathList(guarded)}.`]),
    ...hooks.told,
  ].join("\n");
}

/** Of a merge: what it brought. */
const FIRST = "--diff-merges=first-parent";

/** The names of the files that are not deleted. */
const NAMES = ["--name-only", "--no-commit-id", "--no-renames", "--diff-filter=d"];

async function printed(
  repo: Repository,
  name: string,
  options: readonly string[],
  hash: string,
): Promise<string> {
  const { stdout } = await repo.run({ name, options, revisions: [hash] });
  return stdout.toString("utf8");
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
