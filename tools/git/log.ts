/**
 * `git_log`: what happened.
 * @module
 */
import { z } from "zod";
import { ToolError } from "../../lib/errors.ts";
import { unquoteName } from "../../lib/git/lines.ts";
import type { Command, Output, Repository } from "../../lib/git/types.ts";
import { GIT_LOG_DEFAULT, GIT_LOG_MAX, REPLY_CHARS_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { text } from "../../lib/reply.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";
import {
  type Clock,
  clockOf,
  type Commit,
  COMMIT_FORMAT,
  commitRow,
  nameOf,
  next,
  parseCommits,
  takeCommits,
} from "./shown.ts";

export const gitLog: AnyTool = defineTool({
  name: "git_log",
  title: "Git history",
  description: "Commits, newest first: when, who, subject, branches. In full: git_show.",
  effect: "read",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    range: z.string().optional().describe('Commit, branch, "a..b", "a...b" or "all". Default HEAD'),
    path: z.string().optional().describe("Changed file or folder"),
    author: z.string().optional().describe("Part of it"),
    since: z.string().optional().describe('Date, "2 weeks ago"'),
    until: z.string().optional().describe("Date"),
    contains: z.string().optional().describe("Text that came or went"),
    offset: z.int().min(1).optional().describe("From 1"),
    limit: z.int().min(1).max(GIT_LOG_MAX).optional().describe(`Default ${GIT_LOG_DEFAULT}`),
  },
  paths: ["repo"],
  async run(args, ctx) {
    const { offset = 1, limit = GIT_LOG_DEFAULT } = args;
    return await ctx.git.withRepository(args.repo, { signal: ctx.signal }, async (repository) => {
      const range = await rangeOf(repository, args.range);
      const path = args.path === undefined ? undefined : await repository.pathOf(args.path);
      const [filter, words] = await filterOf(repository, args, ctx);
      const follow = path !== undefined && path !== "" && await isFollowed(repository, path, range);
      const isNamed = args.contains !== undefined || follow;
      const command: Command = {
        name: "log",
        options: [
          ...[COMMIT_FORMAT, "--decorate=short"],
          ...range.options,
          ...filter,
          ...(isNamed ? ["--name-only"] : ["--no-patch"]),
          ...(follow ? ["--follow"] : []),
        ],
        revisions: range.revisions,
        paths: path === undefined ? undefined : [path],
        // To find "Émile" by "émile" it must know letters.
        ...(args.author === undefined ? {} : { env: { LC_ALL: "C.UTF-8" } }),
      };
      const style = { isSearch: args.contains !== undefined, follow: follow ? path : undefined, ...range };
      const wanted = { offset, limit, isSearch: style.isSearch, isNamed };
      const running = collect(repository, command, wanted, (commit) => {
        return rowOf(commit, style, repository, time);
      });
      // Made while git is at work.
      const time = clockOf(ctx);
      const { rows, hasMore } = await running;
      const what = [
        range.title,
        ...(path === undefined || path === "" ? [] : [`of ${showName(path)}`]),
        ...words,
      ];
      const title = `${nameOf(repository)}, ${what.join(", ")}`;
      if (rows.length === 0) return text(`${title}: ${none(offset)}`);
      const more = hasMore ? `Older ones: ${next("git_log", args, offset + rows.length)}` : undefined;
      return text([`${title}; times in ${ctx.timeZone}`, ...rows].join("\n"), more);
    });
  },
});

/** Which of the commits are wanted. */
interface Wanted {
  /** The number of the first one, from 1. */
  readonly offset: number;
  readonly limit: number;
  /** Whether only those count that match in a file that may be read. */
  readonly isSearch: boolean;
  /** Whether git names files behind each commit. */
  readonly isNamed: boolean;
}

/**
 * Shows so many commits from a number on, as many as fit, while git finds them.
 *
 * What a secret file contains cannot be found out by searching for it: commits that match in no other file
 * are not even counted.
 */
async function collect(
  repository: Repository,
  command: Command,
  { offset, limit, isSearch, isNamed }: Wanted,
  show: (commit: Commit) => string,
): Promise<{ readonly rows: readonly string[]; readonly hasMore: boolean }> {
  const rows: string[] = [];
  let chars = 0;
  let hasMore = false;
  // A search counts by itself; anything else is told to git, with one more, which tells that there are more.
  let skipped = isSearch ? offset - 1 : 0;
  const keep = (commits: readonly Commit[]) => {
    for (const commit of commits) {
      if (isSearch && !namesOf(commit).some((name) => repository.mayRead(name))) continue;
      if (skipped > 0) {
        skipped--;
        continue;
      }
      const row = rows.length < limit ? show(commit) : "";
      chars += row.length + 1;
      hasMore ||= rows.length >= limit || (chars > REPLY_CHARS_MAX - 2_000 && rows.length > 0);
      if (hasMore) return false;
      rows.push(row);
    }
    return true;
  };
  const decoder = new TextDecoder();
  let rest = "";
  const take = (chunk: Uint8Array) => {
    const part = takeCommits(rest + decoder.decode(chunk, { stream: true }), isNamed);
    rest = part.rest;
    return keep(part.commits);
  };
  const part = isSearch ? [] : [`--skip=${offset - 1}`, `--max-count=${limit + 1}`];
  await runOnCommits(repository, {
    ...command,
    options: [...command.options ?? [], ...part],
    take,
    // Each as soon as it is found, because there may be enough.
    ...(isSearch ? { env: { ...command.env, GIT_FLUSH: "1" } } : {}),
  });
  if (!hasMore) keep(parseCommits(rest));
  return { rows, hasMore };
}

/** The files git named behind a commit. */
function namesOf({ tail }: Commit): string[] {
  return tail.split("\n").filter((name) => name !== "").map(unquoteName);
}

/** Runs a command about HEAD; where there is no commit yet, the error says so. */
async function runOnCommits(repository: Repository, command: Command): Promise<Output> {
  const output = await repository.run({ ...command, okStatus: [0, 128] });
  if (output.status !== 128) return output;
  await repository.resolve(["HEAD"]);
  return await repository.run(command);
}

function none(offset: number): string {
  return offset === 1 ? "no such commits" : `no commits from number ${offset} on`;
}

interface Style {
  /** The files that match are named. */
  readonly isSearch: boolean;
  /** The file whose older names are told. */
  readonly follow: string | undefined;
  /** Each commit is on one of two sides. */
  readonly isSided: boolean;
}

/** A commit as it is shown. */
function rowOf(
  commit: Commit,
  { isSearch, follow, isSided }: Style,
  repository: Repository,
  time: Clock,
): string {
  const row = (isSided ? `${commit.side} ` : "") + commitRow(commit, time);
  if (!isSearch && follow === undefined) return row;
  const names = namesOf(commit);
  if (isSearch) {
    const readable = names.filter((name) => repository.mayRead(name));
    return `${row}\n    in ${readable.slice(0, 10).map(showName).join(", ")}`;
  }
  const then = names.find((name) => name !== follow);
  return then === undefined ? row : `${row}\n    as ${showName(then)}`;
}

/** Which commits. */
interface Range {
  readonly title: string;
  readonly options: readonly string[];
  readonly revisions: readonly string[];
  /** Whether commits are told apart by the end they belong to. */
  readonly isSided: boolean;
}

async function rangeOf(repository: Repository, asked = "HEAD"): Promise<Range> {
  if (asked === "all") {
    return {
      title: "all branches and tags",
      options: ["--branches", "--tags", "--remotes"],
      revisions: [],
      isSided: false,
    };
  }
  // The most frequent question needs no name to be looked up.
  if (asked === "HEAD") return { title: "commits of HEAD", options: [], revisions: ["HEAD"], isSided: false };
  const range = /^(.*?)(\.{2,3})(.*)$/s.exec(asked);
  if (range === null) {
    const [hash = ""] = await repository.resolve([asked]);
    return {
      title: `commits of ${visible(asked)} (${hash.slice(0, 10)})`,
      options: [],
      revisions: [hash],
      isSided: false,
    };
  }
  const [, first = "", dots = "", second = ""] = range;
  const names = [first || "HEAD", second || "HEAD"];
  const hashes = await repository.resolve(names);
  const [from, to] = names.map((name) => visible(name));
  return dots === "..."
    ? {
      title: `commits in only one of ${from} (<) and ${to} (>)`,
      options: ["--left-right"],
      revisions: [hashes.join("...")],
      isSided: true,
    }
    : {
      title: `commits in ${to} and not in ${from}`,
      options: [],
      revisions: [hashes.join("..")],
      isSided: false,
    };
}

interface Asked {
  readonly author?: string;
  readonly since?: string;
  readonly until?: string;
  readonly contains?: string;
}

/** What the commits must be like: options, and the same in words. */
async function filterOf(
  repository: Repository,
  { author, since, until, contains }: Asked,
  ctx: Context,
): Promise<[options: string[], words: string[]]> {
  const options: string[] = [];
  const words: string[] = [];
  const add = (option: string, word: string) => {
    options.push(option);
    words.push(word);
  };
  if (author !== undefined) {
    options.push("--regexp-ignore-case", "--fixed-strings");
    add(`--author=${oneLine("author", author)}`, `by ${visible(author)}`);
  }
  for (const [name, date] of [["since", since], ["until", until]] as const) {
    if (date === undefined) continue;
    const at = await momentOf(repository, name, date);
    add(`--${name}=@${at}`, `${name} ${clockOf(ctx)(new Date(at * 1_000))}`);
  }
  if (contains !== undefined) {
    if (contains === "" || contains.includes("\0")) {
      throw new ToolError(
        "Cannot search for an empty text, or one with NUL",
        "Send the text, or leave out contains.",
      );
    }
    add(`-S${contains}`, `that add or remove ${JSON.stringify(visible(contains)).slice(0, 120)}`);
  }
  return [options, words];
}

function oneLine(name: string, value: string): string {
  if (value !== "" && !/[\n\0]/.test(value)) return value;
  throw new ToolError(
    `Cannot look for this ${name}: it is empty or has more than one line`,
    "Send one line.",
  );
}

/** Words that git understands in a date; anything else it takes for the present moment without a word. */
const DATE_WORDS = new RegExp(
  `^(?:${
    [
      ...[
        "now",
        "today",
        "yesterday",
        "noon",
        "midnight",
        "tea",
        "never",
        "ago",
        "last",
        "this",
        "next",
        "at",
      ],
      ...[
        "am",
        "pm",
        "a",
        "an",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
      ],
      ...[
        "seconds?",
        "minutes?",
        "hours?",
        "days?",
        "weeks?",
        "fortnights?",
        "months?",
        "years?",
        "utc",
        "gmt",
      ],
      ...["mon(?:day)?", "tue(?:s(?:day)?)?", "wed(?:nesday)?", "thu(?:rs(?:day)?)?", "fri(?:day)?"],
      ...["sat(?:urday)?", "sun(?:day)?", "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may"],
      ...[
        "june?",
        "july?",
        "aug(?:ust)?",
        "sept?(?:ember)?",
        "oct(?:ober)?",
        "nov(?:ember)?",
        "dec(?:ember)?",
      ],
      ...["\\d+(?:st|nd|rd|th)?", "t", "z"],
    ].join("|")
  })$`,
  "i",
);

/** Seconds since 1970 that a date means to git. */
async function momentOf(repository: Repository, name: string, date: string): Promise<number> {
  const words = date.split(/[\s.,:;/+-]+|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)/i).filter((word) => word !== "");
  if (words.length > 0 && date.length <= 100 && words.every((word) => DATE_WORDS.test(word))) {
    const { stdout } = await repository.run({ name: "rev-parse", options: [`--since=${date}`] });
    const [, seconds] = /^--max-age=(\d+)/.exec(stdout.toString("utf8")) ?? [];
    if (seconds !== undefined) return Number(seconds);
  }
  throw new ToolError(
    `Cannot understand ${name} "${visible(date.slice(0, 100))}"`,
    'Send a date such as "2026-11-22", "2026-11-22 14:30", "yesterday" or "2 weeks ago".',
  );
}

/** Whether a path is one file, whose history goes on under older names. */
async function isFollowed(repository: Repository, path: string, { revisions }: Range): Promise<boolean> {
  const [tip] = revisions;
  // A name of two lines would be two questions.
  if (tip === undefined || path.includes("\n")) return false;
  const options = ["--batch-check=%(objecttype)"];
  const input = `${tip.split(".").at(-1)}:${path}\n`;
  const { stdout } = await repository.run({ name: "cat-file", options, input });
  // What is not there any more was a file more often than a folder.
  return !/^(tree|commit)$/.test(stdout.toString("utf8").trim());
}
