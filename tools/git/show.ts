/**
 * `git_show`: one commit, or a file or folder as it was.
 * @module
 */
import { z } from "zod";
import { ToolError } from "../../lib/errors.ts";
import type { Repository } from "../../lib/git/types.ts";
import { GIT_BLAME_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { type Reply, text } from "../../lib/reply.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";
import { blame } from "./blame.ts";
import { showObject } from "./object.ts";
import { compare, fileRows, fit, roomFor, totals } from "./patch.ts";
import { clockOf, COMMIT_FIELDS, COMMIT_FORMAT, nameOf, next, parseCommits } from "./shown.ts";

export const gitShow: AnyTool = defineTool({
  name: "git_show",
  title: "Show a commit or old file",
  description: "A commit with its patch; with path, that file or folder as it was then.",
  effect: "read",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    ref: z.string().describe('Commit, branch, tag, "stash@{0}"'),
    path: z.string().optional().describe("File or folder"),
    blame: z.boolean().optional().describe("Who last changed each line"),
    offset: z.int().min(1).optional().describe("Line, from 1"),
    limit: z.int().min(1).optional().describe("Lines"),
  },
  paths: ["repo"],
  async run(args, ctx) {
    return await ctx.git.withRepository(args.repo, { signal: ctx.signal }, async (repository) => {
      const { ref, path } = splitRef(args.ref, args.path);
      const [hash = ""] = await repository.resolve([ref]);
      const asked = { ...args, ref, ...(path === undefined ? {} : { path }) };
      if (path === undefined) {
        if (args.blame === true) {
          throw new ToolError("Cannot blame a whole commit", "Add the path of a file.");
        }
        return await showCommit(repository, hash, asked, ctx);
      }
      const below = await repository.pathOf(path);
      if (!repository.mayRead(below)) {
        throw new ToolError(
          `Cannot show "${showName(below)}" of ${visible(ref)}: files of this name hold secrets`,
          "This is a guardrail. The person can lift it with --unprotect and a pattern, or do it by hand.",
        );
      }
      const place = { repository, hash, ref, path: below, asked };
      return args.blame === true
        ? await blame(place, { ...args, limit: Math.min(args.limit ?? Infinity, GIT_BLAME_MAX) }, ctx)
        : await showObject(place, args);
    });
  },
});

/** `HEAD:src/a.ts` is the path `src/a.ts` of `HEAD`. */
function splitRef(ref: string, path: string | undefined): { ref: string; path?: string } {
  const at = ref.indexOf(":");
  if (at === -1) return { ref, path };
  if (path !== undefined) {
    throw new ToolError(`Cannot show "${visible(ref)}": it names a path already`, "Leave out path.");
  }
  return { ref: ref.slice(0, at) || "HEAD", path: ref.slice(at + 1) };
}

/** A commit: what it says, which files it changes, the patch against its first parent. */
async function showCommit(
  repository: Repository,
  hash: string,
  args: Readonly<Record<string, unknown>> & {
    readonly offset?: number;
    readonly limit?: number;
    ref: string;
  },
  ctx: Context,
): Promise<Reply> {
  const { offset = 1 } = args;
  const { stdout } = await repository.run({
    name: "log",
    options: ["--max-count=1", "--no-patch", "--decorate=short", `${COMMIT_FORMAT}%B%x00%cn%x00%ct`],
    revisions: [hash],
  });
  const [commit] = parseCommits(stdout.toString("utf8"));
  const [message = "", committer = "", committed = ""] = stdout.toString("utf8").split("\0").slice(
    COMMIT_FIELDS,
  );
  if (commit === undefined) {
    throw new ToolError(`Cannot show ${hash}: git says nothing of it`, "Try git_log.");
  }
  const [parent] = commit.parents;
  const differences = await compare(
    repository,
    { name: "diff", revisions: [parent ?? emptyTree(repository), hash] },
    offset,
    roomFor([message]),
  );
  const time = clockOf(ctx);
  const when = (name: string, at: Date) => `${visible(name)}, ${time(at)} ${ctx.timeZone}`;
  const committedAt = new Date(Number(committed) * 1_000);
  const isOthers = committer !== commit.author ||
    Math.abs(committedAt.getTime() - commit.at.getTime()) > 60_000;
  const merged = commit.parents.length > 1 ? ", shown against the first" : "";
  const head = [
    `${nameOf(repository)}, commit ${hash}${commit.refs === "" ? "" : ` (${commit.refs})`}`,
    `Author: ${when(`${commit.author} <${commit.mail}>`, commit.at)}`,
    ...(isOthers ? [`Committer: ${when(committer, committedAt)}`] : []),
    ...(commit.parents.length === 0
      ? ["It has no parent"]
      : [`${commit.parents.length > 1 ? "Parents" : "Parent"}: ${commit.parents.join(" ")}${merged}`]),
    ...await tagRows(repository, args.ref),
    ...indented(message),
    "",
    totals(differences.files),
    ...fileRows(differences),
    "",
  ];
  const rows = offset === 1 ? head : [`${nameOf(repository)}, commit ${hash}, patch from line ${offset}:`];
  const page = fit(differences.lines.slice(0, args.limit), roomFor(rows));
  if (offset > 1 && page.end === 0) {
    throw new ToolError(
      `The patch has fewer than ${offset} lines`,
      "Leave out offset to begin at its start.",
    );
  }
  const following = page.end < differences.lines.length ? offset + page.end : differences.next;
  const more = [
    ...(following === undefined ? [] : [`The patch goes on: ${next("git_show", args, following)}`]),
    ...differences.notes,
  ];
  return text([...rows, ...page.shown].join("\n"), more.length === 0 ? undefined : more.join("\n"));
}

/** What an annotated tag says. */
async function tagRows(repository: Repository, ref: string): Promise<string[]> {
  // The most frequent question is about no tag.
  if (ref === "HEAD") return [];
  const object = await repository.run({
    name: "for-each-ref",
    options: ["--format=%(objecttype)%00%(taggername)%00%(contents)", "--count=1"],
    values: [`refs/tags/${ref}`],
    okStatus: [0, 128],
  });
  const [type, tagger = "", message = ""] = object.stdout.toString("utf8").split("\0");
  return type === "tag" ? [`Tag by ${visible(tagger)}:`, ...indented(message), "Message:"] : [];
}

/** A text of somebody else, set off from what we say. */
function indented(message: string): string[] {
  return visible(message.trimEnd()).split("\n").slice(0, 300).map((line) => `    ${line.slice(0, 2_000)}`);
}

/** The hash of the tree without entries, which every repository knows. */
function emptyTree({ format }: Repository): string {
  return format === "sha256"
    ? "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    : "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
}
