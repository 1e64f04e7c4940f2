/**
 * Merging: only what can be merged without a conflict, seen before any file is touched.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { showName } from "../../names.ts";
import type { Context } from "../../tool.ts";
import { isOwn } from "../neutral.ts";
import type { Repository } from "../types.ts";
import { hookOutput } from "./commit.ts";
import { hooksOf, withParts } from "./hooks.ts";
import { personOf } from "./person.ts";
import { recording } from "./recorded.ts";
import { currentBranch, locking, pathList } from "./state.ts";
import { checkTreeChange, refused } from "./switch.ts";

const HOOKS = ["pre-merge-commit", "commit-msg", "prepare-commit-msg", "post-merge", "post-index-change"];

/** Whether all that a commit has is in another one, too. */
export async function isAncestor(repo: Repository, older: string, newer: string): Promise<boolean> {
  const { status } = await repo.run({
    name: "merge-base",
    options: ["--is-ancestor"],
    revisions: [older, newer],
    okStatus: [0, 1],
  });
  return status === 0;
}

/**
 * Merges a branch or another commit into what is checked out.
 * @param title What it is called in the list of changes, before the name.
 * @returns lines for the reply.
 */
export async function merge(
  repo: Repository,
  name: string,
  { title, message }: { readonly title: string; readonly message?: string | undefined },
  ctx: Context,
): Promise<string[]> {
  const [head = "", other = ""] = await repo.resolve(["HEAD", name]);
  const into = await currentBranch(repo) ?? "HEAD";
  if (await isAncestor(repo, other, head)) {
    return [`${showName(into)} already has everything of ${showName(name)}`];
  }
  refuseDrivers(repo);
  const ahead = await isAncestor(repo, head, other);
  const tree = ahead ? other : await mergedTree(repo, head, other, name);
  const changes = await checkTreeChange(repo, head, tree, `merge ${showName(name)}`);
  const person = ahead ? { config: [], env: {}, signsCommits: false } : personOf(repo, ctx);
  const hooks = await hooksOf(repo, HOOKS, ctx);
  const subject = message ?? `Merge ${name.replace(/[\r\n]/g, " ")} into ${into}`;
  const signing = person.signsCommits ? "--gpg-sign" : "--no-gpg-sign";
  const made = [
    ...["--no-ff", "--strategy=ort", "--no-log", "--no-signoff", "--no-autostash"],
    ...[`--message=${subject}`, signing],
  ];
  const command = withParts(
    {
      name: "merge",
      options: [
        ...["--quiet", "--no-overwrite-ignore", "--no-stat", "--no-edit", "--no-verify-signatures"],
        ...(ahead ? ["--ff-only"] : made),
        ...(hooks.run ? [] : ["--no-verify"]),
      ],
      revisions: [other],
      okStatus: [0, 1, 2, 128],
      config: [["merge.directoryRenames", "false"], ["rerere.enabled", "false"]],
      finish: !hooks.run,
    },
    hooks,
    person,
  );
  const rewrite = {
    title: `${title} ${name}`,
    paths: changes.map(({ path }) => path),
    back: `Before, ${showName(into)} was at ${head}.`,
  };
  const { result: output, told } = await recording(repo, rewrite, ctx, async () => {
    const output = await locking(repo, command, ctx.signal);
    if (output.status === 0) return output;
    throw await undone(repo, name, output.stderr, ctx);
  });
  const now = await repo.find("HEAD") ?? "";
  return [
    ahead
      ? `Moved ${showName(into)} forward to ${showName(name)}, at ${now.slice(0, 12)}: ${
        counted(changes.length, "file")
      } changed on disk`
      : `Merged ${showName(name)} into ${showName(into)}, at ${now.slice(0, 12)}: ${
        counted(changes.length, "file")
      } changed on disk`,
    ...(told.length === 0 ? [rewrite.back] : told),
    ...hooks.told,
    ...hookOutput(hooks, output),
  ];
}

/** The tree that a merge makes. @throws {ToolError} naming the conflicts, when it makes none. */
async function mergedTree(repo: Repository, head: string, other: string, name: string): Promise<string> {
  const [major = 0, minor = 0] = repo.version;
  if (major < 2 || (major === 2 && minor < 38)) {
    throw new ToolError(
      `Cannot merge with git ${repo.version.join(".")}: whether it succeeds cannot be seen beforehand`,
      "Git 2.38 or newer can. The person can install it, or merge by hand.",
    );
  }
  const { stdout, status } = await repo.run({
    name: "merge-tree",
    options: ["--write-tree", "--name-only", "--no-messages", "-z"],
    revisions: [head, other],
    okStatus: [0, 1],
    config: [["merge.directoryRenames", "false"]],
  });
  const [tree = "", ...conflicts] = stdout.toString("utf8").split("\0").filter((part) => part !== "");
  if (status === 0) return tree;
  throw new ToolError(
    `Cannot merge ${showName(name)}: both sides changed ${pathList(conflicts)}`,
    "Nothing was changed. Show the person both versions (git_diff, git_show); they can merge by hand, or " +
      "you " +
      "make the change here as a new commit.",
  );
}

/** Programs that merge files under a name that the repository gives them, and options it gives to merges. */
function refuseDrivers(repo: Repository): void {
  const found = repo.settings.find((one) =>
    isOwn(one) && /^(merge\..*\.driver|branch\..*\.mergeoptions)$/s.test(one.key)
  );
  if (found === undefined) return;
  throw new ToolError(
    `Cannot merge in ${showName(repo.shown)}: its own settings change how (${showName(found.key)})`,
    "Such settings can run programs. The person can merge by hand.",
  );
}

/** A merge that failed although it should not have leaves nothing behind. */
async function undone(repo: Repository, name: string, stderr: string, ctx: Context): Promise<ToolError> {
  if (await repo.find("MERGE_HEAD") !== undefined) {
    await locking(repo, { name: "merge", options: ["--abort"] }, ctx.signal);
  }
  return refused(repo, `merge ${showName(name)}`, stderr);
}
