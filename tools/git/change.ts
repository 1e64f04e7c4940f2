/**
 * Changing a repository on this machine: `git_stage`, `git_commit` and `git_branch`.
 * @module
 */
import { z } from "zod";
import { type AnyTool, defineTool } from "../../lib/tool.ts";

const gitStage = defineTool({
  name: "git_stage",
  title: "Stage changes",
  description: "Stages changed, new and deleted files for git_commit, or takes them out again.",
  effect: "change",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    paths: z.array(z.string()).describe('Files, folders; ["."] is all'),
    unstage: z.boolean().optional().describe("Take them out"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite !== "none",
  run: async (request, ctx) => await (await import("../../lib/git/write/stage.ts")).stage(request, ctx),
});

const gitCommit = defineTool({
  name: "git_commit",
  title: "Commit",
  description: "Commits what is staged, and shows what that was.",
  effect: "add",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    message: z.string().describe("What, in one line; after an empty line, why"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite !== "none",
  run: async (request, ctx) => await (await import("../../lib/git/write/commit.ts")).commit(request, ctx),
});

const gitBranch = defineTool({
  name: "git_branch",
  title: "Branches",
  description: "Lists branches, or creates, switches to or deletes one.",
  effect: "change",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    name: z.string().optional().describe("Default: list all"),
    create: z.boolean().optional().describe("Make it"),
    from: z.string().optional().describe("Where it begins. Default HEAD"),
    switch: z.boolean().optional().describe("Refused if changes would be lost"),
    delete: z.boolean().optional().describe("Refused if commits would be lost"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite !== "none",
  run: async (request, ctx) => await (await import("../../lib/git/write/branch.ts")).branch(request, ctx),
});

/** The tools that change a repository on this machine. */
export const changeTools: readonly AnyTool[] = [gitStage, gitCommit, gitBranch];
