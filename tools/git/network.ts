/**
 * What the person has to switch on with `--git-write full`: exchanging commits with other repositories, and
 * what is done less often.
 * @module
 */
import { z } from "zod";
import { type AnyTool, defineTool } from "../../lib/tool.ts";

const gitSync = defineTool({
  name: "git_sync",
  title: "Fetch, pull or push",
  description:
    "Exchanges commits with a remote. pull only moves forward; push never replaces, unless forced.",
  effect: "change",
  world: "open",
  input: {
    repo: z.string().describe("A folder in it"),
    action: z.enum(["fetch", "pull", "push"]).describe("What to do"),
    remote: z.string().optional().describe("Default: the branch's, or origin"),
    branch: z.string().optional().describe("Default: the one checked out"),
    force: z.boolean().optional().describe("Push over the remote's commits: ask the person first"),
  },
  paths: ["repo"],
  offered: ({ gitWrite }) => gitWrite === "full",
  run: async (request, ctx) => await (await import("../../lib/git/write/sync.ts")).sync(request, ctx),
});

const gitClone = defineTool({
  name: "git_clone",
  title: "Clone",
  description: "Clones a repository (https, ssh, or an allowed folder) into a new folder.",
  effect: "add",
  world: "open",
  input: {
    url: z.string().describe("Its address"),
    folder: z.string().describe("The new folder"),
  },
  paths: ["folder"],
  offered: ({ gitWrite }) => gitWrite === "full",
  run: async (request, ctx) => await (await import("../../lib/git/write/clone.ts")).clone(request, ctx),
});

const gitManage = defineTool({
  name: "git_manage",
  title: "Merge, stash, tag, work trees",
  description: "Merges what has no conflict; puts changes away and back; tags HEAD; adds a work tree.",
  effect: "change",
  world: "closed",
  input: {
    repo: z.string().describe("A folder in it"),
    action: z.enum(["merge", "stash", "unstash", "tag", "worktree"]).describe("What to do"),
    name: z.string().optional().describe("The branch, the tag, or stash@{1}"),
    message: z.string().optional().describe("Of the merge, stash or tag"),
    folder: z.string().optional().describe("Where the work tree goes"),
  },
  paths: ["repo", "folder"],
  offered: ({ gitWrite }) => gitWrite === "full",
  run: async (request, ctx) => await (await import("../../lib/git/write/manage.ts")).manage(request, ctx),
});

/** The tools that `--git-write full` adds. */
export const networkTools: readonly AnyTool[] = [gitSync, gitClone, gitManage];
