/**
 * `git_status`: how things are.
 * @module
 */
import { z } from "zod";
import { count, counted } from "../../lib/format.ts";
import type { Repository } from "../../lib/git/types.ts";
import { isAtLeast } from "../../lib/git/version.ts";
import { GIT_STASHES_SHOWN_MAX, REPLY_CHARS_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { fitLines, text } from "../../lib/reply.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";
import { type Clock, clockOf, COMMIT_FORMAT, commitRow, nameOf, parseCommits } from "./shown.ts";

export const gitStatus: AnyTool = defineTool({
  name: "git_status",
  title: "Git status",
  description: "Branch, upstream, what is staged, changed, untracked, in conflict; stashes.",
  effect: "read",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    branches: z.boolean().optional().describe("List all branches, too"),
  },
  paths: ["repo"],
  async run({ repo, branches = false }, ctx) {
    return text(await statusText(repo, ctx, branches));
  },
});

/** How things are in the repository of a folder, in lines. */
export async function statusText(repo: string, ctx: Context, withBranches = false): Promise<string> {
  return await ctx.git.withRepository(repo, { signal: ctx.signal }, async (repository) => {
    const { bare } = repository;
    const time = clockOf(ctx);
    const [status, last, underWay] = await Promise.all([
      bare ? bareStatus(repository) : statusOf(repository),
      lastCommit(repository, time),
      repository.underWay(),
    ]);
    const stashes = await stashRows(repository, status, time);
    const lists = SECTIONS.map(([key]) => status[key]);
    const chars = withBranches ? STATUS_CHARS / 2 : STATUS_CHARS;
    const room = shares(lists, chars);
    const rows = [
      `${nameOf(repository)}: ${headText(status, bare)}`,
      ...(last === undefined ? [] : [`Last commit: ${last}`]),
      ...(underWay === undefined ? [] : [`Under way: ${underWay}`]),
      ...SECTIONS.flatMap(([key, title], index) => section(title, status[key], room[index] ?? 0)),
      ...(stashes.length === 0 ? [] : [`Stashes (show one with git_show, ref "stash@{0}"):`, ...stashes]),
    ];
    const isClean = SECTIONS.every(([key]) => status[key].length === 0);
    if (isClean && !bare) rows.push("Nothing to commit");
    if (withBranches) {
      const { branchLines } = await import("../../lib/git/write/branch.ts");
      const all = await branchLines(repository);
      const shown = fitLines(all, chars);
      rows.push("", ...shown);
      if (shown.length < all.length) rows.push(`… and ${count(all.length - shown.length)} more`);
    }
    return rows.join("\n");
  });
}

/** Characters of all lists together. */
const STATUS_CHARS = REPLY_CHARS_MAX - 6_000;

/** What `git status` says. */
interface Status {
  /** The branch; undefined when HEAD is detached. */
  readonly branch: string | undefined;
  /** The hash of the commit; undefined when there is none yet. */
  readonly commit: string | undefined;
  readonly upstream: string | undefined;
  readonly ahead: number | undefined;
  readonly behind: number | undefined;
  /** How many there are; undefined when git does not say. */
  readonly stashes: number | undefined;
  readonly conflicts: readonly string[];
  readonly staged: readonly string[];
  readonly unstaged: readonly string[];
  readonly untracked: readonly string[];
}

const SECTIONS = [
  ["conflicts", "In conflict"],
  ["staged", "Staged"],
  ["unstaged", "Not staged"],
  ["untracked", "Untracked"],
] as const;

/** The two letters of a conflict: ours, theirs. */
const CONFLICTS: Readonly<Record<string, string>> = {
  DD: "deleted by both",
  AU: "added by us",
  UD: "deleted by them",
  UA: "added by them",
  DU: "deleted by us",
  AA: "added by both",
  UU: "changed by both",
};

async function statusOf(repository: Repository): Promise<Status> {
  const { stdout } = await repository.run({
    name: "status",
    options: [
      ...["--porcelain=v2", "-z", "--branch", "--untracked-files=normal", "--ignore-submodules=dirty"],
      ...["--find-renames", "--ahead-behind", "--show-stash"],
    ],
  });
  const status = parseStatus(stdout.toString("utf8"));
  const tells = isAtLeast(repository.version, 2, 35);
  return { ...status, stashes: status.stashes ?? (tells ? 0 : undefined) };
}

/** Understands `git status --porcelain=v2 -z --branch`. */
export function parseStatus(output: string): Status {
  const headers = new Map<string, string>();
  const lists = { conflicts: [] as string[], staged: [] as string[], unstaged: [] as string[] };
  const untracked: string[] = [];
  const entries = output.split("\0");
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] ?? "";
    const [kind, letters = "", sub = ""] = entry.split(" ", 3);
    if (kind === "#") headers.set(letters, entry.slice(letters.length + 3));
    else if (kind === "?") untracked.push(`  ${showName(entry.slice(2))}`);
    else if (kind === "u") {
      lists.conflicts.push(`  ${showName(rest(entry, 10))}  ${CONFLICTS[letters] ?? letters}`);
    } else if (kind === "1" || kind === "2") {
      // Of a rename, the old name follows as an entry of its own.
      const old = kind === "2" ? `${showName(entries[++i] ?? "")} -> ` : "";
      const name = showName(rest(entry, kind === "2" ? 9 : 8));
      const module = sub.startsWith("S") ? "  (submodule)" : "";
      const [staged = ".", unstaged = "."] = letters;
      if (staged !== ".") lists.staged.push(`  ${staged} ${/[RC]/.test(staged) ? old : ""}${name}${module}`);
      if (unstaged !== ".") {
        lists.unstaged.push(`  ${unstaged} ${/[RC]/.test(unstaged) ? old : ""}${name}${module}`);
      }
    }
  }
  const branch = headers.get("branch.head");
  const commit = headers.get("branch.oid");
  const [, ahead, behind] = /^\+(\d+) -(\d+)$/.exec(headers.get("branch.ab") ?? "") ?? [];
  return {
    branch: branch === "(detached)" ? undefined : branch,
    commit: commit === "(initial)" ? undefined : commit,
    upstream: headers.get("branch.upstream"),
    ahead: ahead === undefined ? undefined : Number(ahead),
    behind: behind === undefined ? undefined : Number(behind),
    stashes: headers.has("stash") ? Number(headers.get("stash")) : undefined,
    ...lists,
    untracked,
  };
}

/** What stands behind so many fields. */
function rest(entry: string, fields: number): string {
  let at = 0;
  for (let i = 0; i < fields; i++) at = entry.indexOf(" ", at) + 1;
  return entry.slice(at);
}

/** Without a work tree there is only the branch. */
async function bareStatus(repository: Repository): Promise<Status> {
  const options = ["--quiet", "--short"];
  const { stdout } = await repository.run({
    name: "symbolic-ref",
    options,
    values: ["HEAD"],
    okStatus: [0, 1],
  });
  const branch = stdout.toString("utf8").trim();
  return {
    branch: branch === "" ? undefined : branch,
    commit: await repository.find("HEAD"),
    upstream: undefined,
    ahead: undefined,
    behind: undefined,
    stashes: undefined,
    conflicts: [],
    staged: [],
    unstaged: [],
    untracked: [],
  };
}

function headText({ branch, commit, upstream, ahead, behind }: Status, bare: boolean): string {
  const where = branch === undefined
    ? `no branch, HEAD is detached at ${commit?.slice(0, 10)}`
    : `on branch ${visible(branch)}`;
  const first = commit === undefined ? ", no commits yet" : "";
  const kind = bare ? " (bare: it has no files to work on)" : "";
  if (upstream === undefined) return where + first + kind;
  const name = visible(upstream);
  if (ahead === undefined || behind === undefined) return `${where}${first}, upstream ${name} is gone`;
  const distance = ahead === 0 && behind === 0
    ? `up to date with ${name}`
    : `${
      [ahead > 0 ? `${count(ahead)} ahead of` : "", behind > 0 ? `${count(behind)} behind` : ""]
        .filter((part) => part !== "").join(" and ")
    } ${name}`;
  return `${where}${first}, ${distance} (as of the last fetch)`;
}

/** Characters for each list: the short ones get all they need, the long ones equal parts of the rest. */
function shares(lists: readonly (readonly string[])[], total: number): number[] {
  const needs = lists.map((list) => list.reduce((sum, row) => sum + row.length + 1, 0));
  const room = needs.map(() => 0);
  let left = total;
  const order = needs.map((_, index) => index).sort((a, b) => (needs[a] ?? 0) - (needs[b] ?? 0));
  for (const [position, index] of order.entries()) {
    room[index] = Math.min(needs[index] ?? 0, Math.floor(left / (order.length - position)));
    left -= room[index] ?? 0;
  }
  return room;
}

function section(title: string, rows: readonly string[], room: number): string[] {
  if (rows.length === 0) return [];
  const shown = fitLines(rows, room);
  const more = rows.slice(shown.length);
  return [`${title} (${count(rows.length)}):`, ...shown, ...(more.length === 0 ? [] : [inFolders(more)])];
}

/** Rows that are not shown, by the folders they are in. */
function inFolders(rows: readonly string[]): string {
  const folders = new Map<string, number>();
  for (const row of rows) {
    const [, folder = "the top"] = /^ {2}(?:[A-Z] )?"?([^/]+\/)./.exec(row) ?? [];
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  const most = [...folders].sort((a, b) => b[1] - a[1]).slice(0, 8);
  return `  … and ${count(rows.length)} more: ${
    most.map(([folder, rows]) => `${count(rows)} in ${folder}`).join(", ")
  }` +
    (folders.size > most.length ? ", …" : "");
}

async function lastCommit(repository: Repository, time: Clock): Promise<string | undefined> {
  const { stdout } = await repository.run({
    name: "log",
    options: ["--max-count=1", "--no-patch", "--no-decorate", COMMIT_FORMAT.replace("%D", "")],
    revisions: ["HEAD"],
    // There may be no commit yet.
    okStatus: [0, 128],
  });
  const [commit] = parseCommits(stdout.toString("utf8"));
  return commit === undefined ? undefined : commitRow(commit, time);
}

async function stashRows(repository: Repository, { stashes }: Status, time: Clock): Promise<string[]> {
  // Before version 2.35 git does not say how many there are.
  if (stashes === 0 || (stashes === undefined && await repository.find("refs/stash") === undefined)) {
    return [];
  }
  const { stdout } = await repository.run({
    name: "log",
    options: ["--walk-reflogs", "--no-patch", "-z", "--format=%ct%x00%gs"],
    values: ["refs/stash"],
  });
  const fields = stdout.toString("utf8").split("\0");
  const rows: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const at = new Date(Number(fields[i]) * 1_000);
    rows.push(`  stash@{${rows.length}} ${time(at)} ${visible(fields[i + 1] ?? "").slice(0, 200)}`);
  }
  const more = rows.length - GIT_STASHES_SHOWN_MAX;
  return more <= 0
    ? rows
    : [...rows.slice(0, GIT_STASHES_SHOWN_MAX), `  … and ${counted(more, "older one")}`];
}
