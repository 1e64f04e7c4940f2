/**
 * `git_diff`: what changed inside the files.
 * @module
 */
import { z } from "zod";
import { ToolError } from "../../lib/errors.ts";
import type { Repository } from "../../lib/git/types.ts";
import { text } from "../../lib/reply.ts";
import { type AnyTool, defineTool } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";
import { compare, type Comparison, fileRows, fit, roomFor, totals } from "./patch.ts";
import { nameOf, next } from "./shown.ts";

export const gitDiff: AnyTool = defineTool({
  name: "git_diff",
  title: "Git differences",
  description: "Which files differ, then the patch. Without from: what is not staged.",
  effect: "read",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    staged: z.boolean().optional().describe("Staged instead"),
    from: z.string().optional().describe('Commit, branch, "a..b", "a...b"'),
    to: z.string().optional().describe("Default: the files"),
    paths: z.array(z.string()).optional().describe("Only these"),
    offset: z.int().min(1).optional().describe("Line of the patch, from 1"),
  },
  paths: ["repo"],
  async run(args, ctx) {
    const { offset = 1 } = args;
    return await ctx.git.withRepository(args.repo, { signal: ctx.signal }, async (repository) => {
      const { title, comparison } = await comparisonOf(repository, args);
      const differences = await compare(repository, comparison, offset, roomFor([title]));
      const { files, lines, notes } = differences;
      if (files.length === 0) {
        return text(`${nameOf(repository)}, ${title}: no differences`, await elsewhere(repository, args));
      }
      if (offset > 1 && lines.length === 0) {
        throw new ToolError(
          `The patch has fewer than ${offset} lines`,
          "Leave out offset to begin at its start.",
        );
      }
      const rows = [
        `${nameOf(repository)}, ${title}: ${totals(files)}`,
        ...(offset > 1 ? [`Patch from line ${offset}:`] : [...fileRows(differences), ""]),
      ];
      // The list takes room that is known only now; what does not fit any more is on the next page.
      const { shown, end } = fit(lines, roomFor(rows));
      const following = end < lines.length ? offset + end : differences.next;
      const more = [
        ...(following === undefined ? [] : [`The patch goes on: ${next("git_diff", args, following)}`]),
        ...notes,
      ];
      return text([...rows, ...shown].join("\n"), more.length === 0 ? undefined : more.join("\n"));
    });
  },
});

interface Asked {
  readonly staged?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly paths?: readonly string[];
}

/** What is compared, and how the title calls it. */
async function comparisonOf(
  repository: Repository,
  asked: Asked,
): Promise<{ title: string; comparison: Comparison }> {
  const { staged = false, paths: given = [] } = asked;
  const paths = given.length === 0
    ? undefined
    : await Promise.all(given.map((path) => repository.pathOf(path)));
  const { from, to } = endsOf(asked);
  const isBetween = from !== undefined && to !== undefined;
  if (repository.bare && !isBetween) {
    throw new ToolError(
      `Cannot compare files in "${nameOf(repository)}": it is bare, so there are none`,
      "Compare two commits with from and to.",
    );
  }
  if (staged && to !== undefined) {
    throw new ToolError("Cannot compare what is staged with two commits", "Leave out staged, or to.");
  }
  if (from === undefined) {
    const comparison: Comparison = { name: "diff", options: staged ? ["--cached"] : [], paths };
    return { title: staged ? "staged" : "not staged", comparison };
  }
  const names = to === undefined ? [from.name] : [from.name, to.name];
  const [first = "", second] = await repository.resolve(names);
  const short = (name: string, hash: string) => `${visible(name)} (${hash.slice(0, 10)})`;
  if (second === undefined || to === undefined) {
    const comparison: Comparison = {
      name: "diff",
      options: staged ? ["--cached"] : [],
      revisions: [first],
      paths,
    };
    return { title: `${short(from.name, first)} to ${staged ? "what is staged" : "the files"}`, comparison };
  }
  const start = from.sinceParted
    ? await commonAncestor(repository, first, second, `${from.name}...${to.name}`)
    : first;
  const title = from.sinceParted
    ? `${short(to.name, second)} since it parted from ${short(from.name, start)}`
    : `${short(from.name, first)} to ${short(to.name, second)}`;
  return { title, comparison: { name: "diff", revisions: [start, second], paths } };
}

/** The ends of what is compared; a range stands in `from` alone. */
function endsOf({ from, to }: Asked): {
  from?: { name: string; sinceParted: boolean };
  to?: { name: string };
} {
  if (from === undefined) {
    if (to === undefined) return {};
    throw new ToolError("Cannot compare: there is a to and no from", 'Add from, such as "main".');
  }
  const range = /^(.*?)(\.{2,3})(.*)$/s.exec(from);
  if (range === null) {
    return { from: { name: from, sinceParted: false }, ...(to === undefined ? {} : { to: { name: to } }) };
  }
  if (to !== undefined) {
    throw new ToolError(`Cannot compare: from is already the range "${visible(from)}"`, "Leave out to.");
  }
  const [, first, dots, second] = range;
  return { from: { name: first || "HEAD", sinceParted: dots === "..." }, to: { name: second || "HEAD" } };
}

async function commonAncestor(repository: Repository, a: string, b: string, range: string): Promise<string> {
  const { stdout } = await repository.run({ name: "merge-base", revisions: [a, b], okStatus: [0, 1] });
  const hash = stdout.toString("utf8").trim();
  if (hash !== "") return hash;
  throw new ToolError(
    `Cannot compare "${visible(range)}": the two have no commit in common`,
    'Compare them with ".." instead.',
  );
}

/** Where differences may be when there are none here. */
async function elsewhere(repository: Repository, { from, staged = false, paths = [] }: Asked) {
  if (from !== undefined || paths.length > 0 || repository.bare) return undefined;
  // Not --quiet, to which a file that was only touched is a change.
  const options = ["--numstat", "--ignore-submodules=dirty", ...(staged ? [] : ["--cached"])];
  const { stdout } = await repository.run({ name: "diff", options, maxBytes: 1 });
  const hint = stdout.length === 0
    ? ""
    : staged
    ? "There are changes that are not staged. "
    : "There are staged changes. ";
  return `${hint}Untracked files are not compared: git_status names them.`;
}
