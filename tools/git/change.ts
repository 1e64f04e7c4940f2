/**
 * Changing a repository on this machine: `git_stage`, `git_commit` and `git_branch`.
 * @module
 */
import { z } from "zod";
import { type AnyTool, defineTool } from "../../lib/tool.ts";

const gitStage = defineTool({
  name: "git_stage",
  title: "Stage changes",
  description:
    "Stages files, new and deleted ones too, for git_commit; or takes them out again. Never touches the files.",
  effect: "change",
  world: "closed",
  input: {
    repo: z.string().describe("The repository, or a folder in it"),
    paths: z.array(z.string()).describe('Files or folders in it; ["."] for all changes'),
    unstage: z.boolean().optional().describe("Take them out of what is staged"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite !== "none",
  run: async (request, ctx) => await (await import("../../lib/git/write/stage.ts")).stage(request, ctx),
});

const gitCommit = defineTool({
  name: "git_commit",
  title: "Commit",
  description: "Commits what is staged, as the person, and shows what was committed.",
  effect: "add",
  world: "closed",
  input: {
    repo: z.string().describe("The repository"),
    message: z.string().describe("What changes, in one line; after an empty line, why"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite !== "none",
  run: async (request, ctx) => await (await import("../../lib/git/write/commit.ts")).commit(request, ctx),
});

const gitBranch = defineTool({
  name: "git_branch",
  title: "Branches",
  description: "Lists branches; with a name, creates it, switches to it, or deletes it when nothing is lost.",
  effect: "change",
  world: "closed",
  input: {
    repo: z.string().describe("The repository"),
    name: z.string().optional().describe("The branch; without it, all are listed"),
    create: z.boolean().optional().describe("Create it"),
    from: z.string().optional().describe("Where it begins, such as origin/main. Default: HEAD"),
    switch: z.boolean().optional().describe("Switch to it; refused where changes would be lost"),
    delete: z.boolean().optional().describe("Delete it, unless commits would be lost"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite !== "none",
  run: async (request, ctx) => await (await import("../../lib/git/write/branch.ts")).branch(request, ctx),
});

/** The tools that change a repository on this machine. */
export const changeTools: readonly AnyTool[] = [gitStage, gitCommit, gitBranch];
