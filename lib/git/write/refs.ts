/**
 * Branches and tags by their names.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { GIT_BRANCHES_MAX } from "../../limits.ts";
import { showName } from "../../names.ts";
import { nearest } from "../../nearest.ts";
import type { Repository } from "../types.ts";

/** A branch as it is listed. */
export interface Branch {
  readonly name: string;
  readonly hash: string;
  readonly current: boolean;
  readonly upstream: string;
  readonly date: string;
  readonly subject: string;
}

/** The branches below a prefix, newest first. */
export async function branchesOf(repo: Repository, prefix: string): Promise<Branch[]> {
  const fields = [
    "HEAD",
    "refname",
    "objectname:short=12",
    "upstream:short",
    "committerdate:short",
    "subject",
  ];
  const { stdout } = await repo.run({
    name: "for-each-ref",
    options: [
      `--format=${fields.map((field) => `%(${field})`).join("%00")}`,
      "--sort=-committerdate",
      `--count=${GIT_BRANCHES_MAX * 2}`,
    ],
    values: [prefix],
  });
  return stdout.toString("utf8").split("\n").filter((row) => row !== "").map((row) => {
    const [head = "", ref = "", hash = "", upstream = "", date = "", subject = ""] = row.split("\0");
    return { name: ref.slice(prefix.length), hash, current: head === "*", upstream, date, subject };
  });
}

/** The commit of a branch of this repository; undefined when there is none of that name. */
export async function tipOf(
  repo: Repository,
  name: string,
  prefix = "refs/heads/",
): Promise<string | undefined> {
  return await repo.find(`${prefix}${name}`);
}

/** Refuses what git takes for an option, a pattern or another way to name a commit. */
export async function refuseName(
  repo: Repository,
  name: string,
  kind: "branch" | "tag" = "branch",
): Promise<void> {
  const { status } = name.startsWith("-") || name === "HEAD" ? { status: 1 } : await repo.run({
    name: "check-ref-format",
    values: [`refs/${kind === "branch" ? "heads" : "tags"}/${name}`],
    okStatus: [0, 1],
  });
  if (status === 0) return;
  throw new ToolError(
    `Cannot use ${showName(name)} as the name of a ${kind}`,
    'Names are letters, digits, "-", "_", "." and "/", and do not begin with "-".',
  );
}

/** The commit of a branch. @throws {ToolError} naming the nearest when there is none. */
export async function existing(repo: Repository, name: string): Promise<string> {
  const hash = await tipOf(repo, name);
  if (hash !== undefined) return hash;
  const names = (await branchesOf(repo, "refs/heads/")).map((one) => one.name);
  const remote = (await branchesOf(repo, "refs/remotes/")).map((one) => one.name);
  const at = remote.find((one) => one.replace(/^[^/]+\//, "") === name);
  const near = nearest(name, names);
  throw new ToolError(
    `There is no branch ${showName(name)} in ${showName(repo.shown)}`,
    at !== undefined
      ? `It exists at a remote: call this with create and from ${JSON.stringify(at)}.`
      : near.length > 0
      ? `Nearest: ${near.map(showName).join(", ")}.`
      : "git_branch without a name lists them; create makes a new one.",
  );
}
