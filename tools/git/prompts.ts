/**
 * Prompts about repositories, for a person to pick from Claude's menu.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import { COMPLETIONS_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import type { Context, Prompt, PromptArgument } from "../../lib/tool.ts";
import { repositoryPaths } from "./resources.ts";

const repo: PromptArgument = {
  name: "repo",
  description: "The repository, or a folder in it. Default: the only one there is",
  required: false,
  complete: async (value, ctx) =>
    (await repositoryPaths(ctx)).filter((path) => path.toLowerCase().includes(value.toLowerCase()))
      .slice(0, COMPLETIONS_MAX),
};

const reviewMyChanges: Prompt = {
  name: "review_my_changes",
  title: "Review my changes",
  description: "Reviews what you have changed in a git repository and not committed yet, or a whole branch",
  arguments: [
    repo,
    {
      name: "against",
      description: 'Review the branch since it left this one, such as "main"',
      required: false,
    },
  ],
  async render(args, ctx) {
    const path = await repositoryOf(args.repo, ctx);
    const against = args.against?.trim();
    const what = against === undefined || against === ""
      ? `what I have changed in the repository "${path}" and not committed yet`
      : `what the current branch of the repository "${path}" changes since it left "${against}"`;
    const look = against === undefined || against === ""
      ? `1. git_status first. Then git_diff, once as it is and once with staged, and read_file for untracked
   files that look like part of the work.`
      : `1. git_log with range "${against}..HEAD", then git_diff with from "${against}...HEAD".`;
    return `Review ${what}, as a colleague who wants it to be right.

${look}
   Read every page of the patch.
2. A patch shows little around it: read the functions it touches and the places that call them before
   you judge (read_file, search_text). git_log and git_show with blame tell why a line is as it is.
3. Look for, in this order: what is wrong (cases that fail, errors not handled, races, off by one);
   what is dangerous (input that is trusted, secrets, data that can be lost); what breaks others
   (changed behaviour, names, formats); what is not tested; what was left behind (debug output,
   commented code, files that do not belong). Style last, and only where it hinders reading.

Answer with one sentence on what the change does, then the findings, worst first: file and line, what
happens, when, and what to do instead. Say which of them you are sure of. If it is fine, say so and stop.
Change nothing.`;
  },
};

const writeCommitMessage: Prompt = {
  name: "write_commit_message",
  title: "Write the commit message",
  description: "Writes the message for what is staged in a git repository, in the manner of its history",
  arguments: [repo],
  async render(args, ctx) {
    const path = await repositoryOf(args.repo, ctx);
    return `Write the commit message for what is staged in the repository "${path}".

1. git_diff with staged, every page. If nothing is staged, say so, show what git_status names, and ask
   me what belongs into the commit.
2. git_log shows how messages are written here: language, length, prefixes, references to tickets.
   Follow that.
3. Say what changes and above all why, not how: that is in the patch. First line at most 72 characters,
   in the form this history uses; then, where there is something to explain, an empty line and a body.
   Mention nothing that is not in the patch, and ask me for a reason you cannot see.
4. If the patch holds two things that have nothing to do with each other, tell me, with the files of
   each.

Show me the message alone in a code block. Commit only when I say so.`;
  },
};

const whatHappenedHere: Prompt = {
  name: "what_happened_here",
  title: "What happened here this week",
  description: "Tells what was done in a git repository in the last days: by topic, with names and commits",
  arguments: [
    repo,
    { name: "since", description: 'Date, or "2 weeks ago". Default: 1 week ago', required: false },
  ],
  async render(args, ctx) {
    const path = await repositoryOf(args.repo, ctx);
    const since = args.since?.trim() || "1 week ago";
    return `Tell me what happened in the repository "${path}" since ${since}.

1. git_log with since ${JSON.stringify(since)} and range "all", every page. Then git_show for the commits
   that seem to matter; messages alone can mislead.
2. Put together what belongs together, whoever did it and in however many commits.
3. git_status tells what is unfinished here; branches with new commits may be unfinished as well.

Answer with three sentences on the whole, then the topics, most important first: what changed for those who
use it, who worked on it, the commits by short hash. Then what was reverted, corrected or looks risky, and
what is under way. If nothing happened, say when the last commit was. Change nothing.`;
  },
};

/** The prompts of the module. */
export const gitPrompts: readonly Prompt[] = [reviewMyChanges, writeCommitMessage, whatHappenedHere];

/** The repository a prompt is about, as it is shown. @throws {ToolError} when that is not clear. */
async function repositoryOf(given: string | undefined, ctx: Context): Promise<string> {
  if (given !== undefined && given.trim() !== "") {
    const path = ctx.files.resolve(given.trim());
    return await ctx.git.withRepository(
      path,
      { signal: ctx.signal },
      ({ shown }) => Promise.resolve(showName(shown)),
    );
  }
  const paths = await repositoryPaths(ctx);
  const [only] = paths;
  if (paths.length === 1 && only !== undefined) return showName(only);
  throw new ToolError(
    paths.length === 0
      ? "There is no git repository in the allowed folders"
      : `There are ${paths.length} git repositories in the allowed folders`,
    paths.length === 0
      ? "Allow a folder that holds one."
      : `Say which: ${paths.slice(0, 10).map(showName).join(", ")}.`,
  );
}
