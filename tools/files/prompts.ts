/**
 * Prompts about folders, for a person to pick from Claude's menu.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import { counted, localTime } from "../../lib/format.ts";
import { showName } from "../../lib/names.ts";
import type { Context, Prompt, PromptArgument } from "../../lib/tool.ts";
import { completePath } from "./complete.ts";

/** Days that "recently" means when nobody says otherwise. */
const DAYS_DEFAULT = 7;
const DAY_MS = 86_400_000;

const folder: PromptArgument = {
  name: "folder",
  description: "The folder, inside the allowed ones",
  required: true,
  complete: (value, ctx) => completePath(value, "folders", ctx),
};

const tidyFolder: Prompt = {
  name: "tidy_folder",
  title: "Tidy this folder",
  description: "Proposes an order for a folder, and makes it once you agree",
  arguments: [folder],
  async render(args, ctx) {
    const path = await folderOf(args, ctx);
    const end = ctx.readOnly
      ? "This server is read-only: end with the proposal, so that I can carry it out myself."
      : `Stop there and wait for my answer. Once I agree:
5. Make the new folders with create_directory, then move with move_file, a few files at a time.
   It never overwrites: when a name is taken, ask me.
6. Delete nothing unless I name it. Do not touch version control data, dependencies, or projects
   whose parts refer to each other by path.
7. Finish with a list of what moved from where to where, and list the folder once more to check it.`;
    return `Help me tidy the folder "${path}". Nothing is moved, renamed or deleted before I have agreed.

1. Look at all of it: list_directory with depth 2, then with sort "size" and with sort "modified",
   to see what takes up room and what is old.
2. Where a name does not say what a file is, look inside with read_file. For what it cannot show,
   name, date and size must do.
3. Find out what this folder is for. Keep an order that is already there and works; mend only what
   does not.
4. Propose the new structure as a tree: at most seven folders on the top level, plain names in the
   language I use, one line each on what goes in. Then list every move and rename as "from -> to";
   separately, with sizes, what looks like a duplicate, a leftover installer or an empty folder;
   and as questions what you are unsure about.

${end}`;
  },
};

const whatChangedHere: Prompt = {
  name: "what_changed_here",
  title: "What changed here?",
  description: "Finds what was changed in a folder lately, reads what matters and sums it up",
  arguments: [folder, {
    name: "days",
    description: `How far to look back, in days. Default ${DAYS_DEFAULT}`,
    required: false,
    complete: (value) => ["1", "7", "30", "90"].filter((days) => days.startsWith(value)),
  }],
  async render(args, ctx) {
    const path = await folderOf(args, ctx);
    const days = daysOf(args.days);
    const start = localTime(new Date(ctx.now().getTime() - days * DAY_MS), ctx.timeZone);
    const since = `${start.slice(0, 16).replace("T", " ")}, ${ctx.timeZone}`;
    return `Tell me what changed in the folder "${path}" in the last ${counted(days, "day")} (since ${since}).

1. list_directory with depth 5 and sort "modified" shows the newest first, with times. Turn pages
   until the entries are older than that. A folder's own time only says that something was added to
   it or removed from it.
2. Sort out what programs write by themselves: logs, caches, lock files, build results. Name them in
   one line, without reading them.
3. Read the rest, the most recent and most telling first (read_multiple_files; of a long file its
   end, with a negative offset). If this is a version-controlled project and git tools are there, let
   them show the actual differences; otherwise say that you see what is there now, not what was there
   before.
4. Sum up for me: first three sentences on what happened, then the changes by topic, with file names
   and times, then what looks unfinished, accidental or worth a look.

Modification times are all the evidence there is of a change, and copying or unpacking can set them:
say so where it matters. Deleted files leave no trace here. Change nothing.`;
  },
};

const explainFolder: Prompt = {
  name: "explain_folder",
  title: "Explain this folder",
  description: "Explains what a folder or project is, how it is organised and where to start",
  arguments: [folder],
  async render(args, ctx) {
    const path = await folderOf(args, ctx);
    return `Explain the folder "${path}" to me as you would to a colleague who opens it for the first time.

1. Begin with list_directory, depth 3. Read what introduces the folder, as far as it exists: README,
   manifests (package.json, pyproject.toml, Cargo.toml and the like), main entry points, an index or
   table of contents.
2. Follow the leads you find there rather than reading everything. Go by what the files say, not by
   what such folders usually contain.
3. Then tell me, on one page: what this is and who it is for; how it is organised, as a short tree
   with a remark on each part that matters; how the parts work together; where I would start to use
   it or to change it, with exact paths; and what is missing, outdated or surprising.

Mark what you conclude rather than read. Change nothing.`;
  },
};

/** The prompts of the module. */
export const filePrompts: readonly Prompt[] = [tidyFolder, whatChangedHere, explainFolder];

/** The folder a prompt is about, as it is shown in its text. @throws {ToolError} when it cannot be listed. */
async function folderOf(args: Readonly<Record<string, string>>, ctx: Context): Promise<string> {
  const path = ctx.files.resolve(args.folder ?? "");
  await ctx.files.withFolder(path, () => Promise.resolve());
  return showName(path);
}

function daysOf(days: string | undefined): number {
  if (days === undefined || days.trim() === "") return DAYS_DEFAULT;
  const number = Number(days);
  if (Number.isInteger(number) && number >= 1 && number <= 3_650) return number;
  throw new ToolError(
    `Cannot look back "${days.slice(0, 50)}" days`,
    "Give a whole number from 1 to 3650, such as 7.",
  );
}
