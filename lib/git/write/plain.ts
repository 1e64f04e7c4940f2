/**
 * Making a commit from its parts. `git commit` writes the message to a file in the git directory and reads it
 * back later, so two of them at once can take each other's; here the message goes to git alone, and the
 * branch moves only from the very commit that the new one was made upon.
 * @module
 */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { throwIfAborted, ToolError } from "../../errors.ts";
import { GIT_LOCK_MS_MAX, GIT_LOCK_STEP_MS } from "../../limits.ts";
import { showName } from "../../names.ts";
import type { Output, Repository } from "../types.ts";
import { withParts } from "./hooks.ts";
import type { Person } from "./person.ts";
import { locking, obstacleIn, obstructed } from "./state.ts";

/** Files of a git directory that a commit has to look into or take away: that is for git itself. */
const UNDER_WAY = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "MERGE_MSG", "SQUASH_MSG"];

/** Whether the next commit is a plain one: nothing is under way that it would end. */
export async function isPlain(repo: Repository): Promise<boolean> {
  if (await repo.underWay() !== undefined) return false;
  const there = await Promise.all(
    UNDER_WAY.map((name) => lstat(join(repo.gitDir, name)).then(() => true, () => false)),
  );
  return !there.includes(true);
}

/** A message as `git commit --cleanup=whitespace` makes it: no space at the ends, no two empty lines. */
export function cleanMessage(message: string): string {
  const lines = message.split("\n").map((line) => line.replace(/[ \t\r]+$/, ""));
  const kept = lines.filter((line, at) => line !== "" || (lines[at - 1] ?? "") !== "");
  while (kept[0] === "") kept.shift();
  while (kept.at(-1) === "") kept.pop();
  return kept.map((line) => `${line}\n`).join("");
}

/**
 * Commits what is staged. When another program commits meanwhile, it is done again upon that.
 * @param message Cleaned.
 * @param failed Makes the error for a commit that git, or what signs for it, refused.
 * @returns the hash. @throws {ToolError} when another has committed all of it.
 */
export async function commitStaged(
  repo: Repository,
  message: string,
  person: Person,
  failed: (output: Output) => ToolError,
  signal: AbortSignal,
): Promise<string> {
  const [subject = ""] = message.split("\n");
  for (let waited = 0;; waited += GIT_LOCK_STEP_MS) {
    // The head before the tree: whatever is committed from here on moves the branch, and is noticed below.
    const { head, tree: last } = await headOf(repo);
    const tree = hashIn(await locking(repo, { name: "write-tree" }, signal));
    if (tree === last) {
      throw new ToolError(
        `Nothing to commit in ${showName(repo.shown)}: it was committed meanwhile`,
        "git_log shows the last commits.",
      );
    }
    const parents = head === undefined ? [] : [head];
    const hash = await makeCommit(repo, { tree, parents, message }, person, failed);
    const kind = head === undefined ? "commit (initial)" : "commit";
    const moved = await repo.run({
      name: "update-ref",
      options: [`-m${kind}: ${subject}`],
      values: ["HEAD", hash, head ?? "0".repeat(hash.length)],
      okStatus: [0, 1, 128],
      finish: true,
    });
    if (moved.status === 0) return hash;
    const obstacle = obstacleIn(moved.stderr);
    if (obstacle === undefined) throw failed(moved);
    if (waited >= GIT_LOCK_MS_MAX) throw obstructed(repo, obstacle);
    const pause = Math.random() * GIT_LOCK_STEP_MS;
    await sleep(pause, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
}

/** The commit that is checked out and its tree; none before the first commit. */
async function headOf(repo: Repository): Promise<{ head?: string; tree?: string }> {
  const { stdout } = await repo.run({
    name: "cat-file",
    options: ["--batch-check=%(objectname) %(objecttype)"],
    input: "HEAD^{commit}\nHEAD^{tree}\n",
  });
  const [head, tree] = stdout.toString("utf8").split("\n").map((line) =>
    /^([0-9a-f]{40,64}) /.exec(line)?.[1]
  );
  return head === undefined || tree === undefined ? {} : { head, tree };
}

/** Makes a commit that is on no branch yet. */
async function makeCommit(
  repo: Repository,
  { tree, parents, message }: {
    readonly tree: string;
    readonly parents: readonly string[];
    readonly message: string;
  },
  person: Person,
  failed: (output: Output) => ToolError,
): Promise<string> {
  const signing = person.signsCommits ? "--gpg-sign" : "--no-gpg-sign";
  const command = {
    name: "commit-tree",
    options: [signing, ...parents.map((parent) => `-p${parent}`)],
    revisions: [tree],
    input: message,
    okStatus: [0, 1, 128],
    // Signing may take as long as it likes, and wait for a person.
    finish: !person.signsCommits,
  };
  const output = await repo.run(withParts(command, person));
  if (output.status !== 0) throw failed(output);
  return hashIn(output);
}

/**
 * Finds the commit that `git commit` has just made, and gives it the message it should have when another git
 * has written its own into the file between the two.
 * @param before What was checked out before.
 * @returns the hash of the right commit; undefined when other commits came so close that none can be told to
 * be ours.
 */
export async function withMessage(
  repo: Repository,
  { message, before }: { readonly message: string; readonly before: string | undefined },
  person: Person,
  failed: (output: Output) => ToolError,
): Promise<string | undefined> {
  const { head } = await headOf(repo);
  if (head === undefined) return undefined;
  const { stdout } = await repo.run({
    name: "log",
    options: ["--first-parent", "--max-count=100", "--format=%H%x00%T%x00%P%x00%B%x00"],
    revisions: before === undefined ? [head] : [`${before}..${head}`],
  });
  const fields = stdout.toString("utf8").split("\0");
  const made = Array.from({ length: Math.floor(fields.length / 4) }, (_, index) => {
    const [hash = "", tree = "", parents = "", text = ""] = fields.slice(4 * index, 4 * index + 4);
    return { hash: hash.trim(), tree, parents: parents.split(" ").filter((parent) => parent !== ""), text };
  });
  const ours = made.find(({ text }) => text.trimEnd() === message.trimEnd());
  if (ours !== undefined) return ours.hash;
  const [only, ...others] = made;
  if (only === undefined || others.length > 0) return undefined;
  const hash = await makeCommit(repo, { ...only, message }, person, failed);
  const options = ["-mcommit (amend): its own message"];
  await repo.run({ name: "update-ref", options, values: ["HEAD", hash, head], finish: true });
  return hash;
}

function hashIn({ stdout }: Output): string {
  return stdout.toString("utf8").trim();
}
