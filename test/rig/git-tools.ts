/**
 * Tools over the repositories of {@link git.ts}: a caller whose person is the place's own, and every
 * call that the git tools know.
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { createCaller } from "../../lib/call.ts";
import type { Host } from "../../lib/config/host.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { createGuard } from "../../lib/fs/guard.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createGit } from "../../lib/git/git.ts";
import type { Journal } from "../../lib/journal/types.ts";
import { createPrograms } from "../../lib/programs.ts";
import { files as filesModule } from "../../tools/files/index.ts";
import { git as gitModule } from "../../tools/git/index.ts";
import { reachOf, SILENT } from "../support.ts";
import { type GitPlace, makeRepository, personEnv, withGitPlace } from "./git.ts";

/** A tool's reply. */
export interface Answer {
  readonly text: string;
  readonly isError: boolean;
}

/** Calls tools in a place. */
export type Call = (name: string, args: unknown, signal?: AbortSignal) => Promise<Answer>;

/** What of the person differs from one who has set nothing up. */
export interface ToolOptions {
  readonly hooks?: boolean;
  /** Where changes of files are recorded; nowhere unless given. */
  readonly journal?: Journal;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders that are allowed besides the place's; `:ro` is not understood here. */
  readonly allow?: readonly { readonly path: string; readonly readOnly: boolean }[];
}

/** The git and file tools over the allowed folder of a place. */
export function toolsOver({ dir, home }: Pick<GitPlace, "dir" | "home">, options: ToolOptions = {}): Call {
  const { roots } = openRoots([{ path: dir, readOnly: false }, ...options.allow ?? []]);
  const files = createFiles(roots, { guard: createGuard(), journal: options.journal });
  const host: Host = {
    platform: process.platform,
    env: { ...personEnv(home), ...options.env },
    home,
    cwd: dir,
  };
  const programs = createPrograms({ host, allowed: roots });
  const git = createGit({ files, host, programs, hooks: options.hooks });
  const caller = createCaller([filesModule, gitModule], {
    log: SILENT,
    readOnly: false,
    reach: () => Promise.resolve(reachOf({ files, git })),
  });
  return async (name, args, signal) => {
    const { content, isError } = await caller.call(name, args, { signal });
    return { text: content.map((part) => part.type === "text" ? part.text : "").join("\n"), isError };
  };
}

/** Runs `work` with the tools over {@link makeRepository}. */
export async function withRepository(work: (call: Call, place: GitPlace) => Promise<void>): Promise<void> {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await work(toolsOver(place), place);
  });
}

/** The same without anything that is not committed. */
export async function withCleanRepository(
  work: (call: Call, place: GitPlace) => Promise<void>,
): Promise<void> {
  await withRepository(async (call, place) => {
    await place.git(["reset", "-q", "--hard"]);
    await place.git(["clean", "-qfd"]);
    await work(call, place);
  });
}

/** The text of a reply that is no error. */
export async function good(call: Call, name: string, args: object): Promise<string> {
  const { text, isError } = await call(name, args);
  assert.equal(isError, false, text);
  return text;
}

/** A call of a tool: its name and arguments. */
export type Step = readonly [name: string, args: Readonly<Record<string, unknown>>];

/** Every kind of call that reads {@link makeRepository}. */
export function readingCalls({ repo }: GitPlace): Step[] {
  return [
    ["git_status", { repo }],
    ["git_diff", { repo }],
    ["git_diff", { repo, paths: ["data.dat"] }],
    ["git_diff", { repo, staged: true, paths: ["b.txt"] }],
    ["git_diff", { repo, from: "main", to: "feature", paths: ["feature.dat"] }],
    ["git_diff", { repo, from: "HEAD~1", paths: ["data.dat"] }],
    ["git_log", { repo }],
    ["git_log", { repo, path: "data.dat" }],
    ["git_log", { repo, contains: "data" }],
    ["git_log", { repo, range: "main...feature" }],
    ["git_show", { repo, ref: "HEAD" }],
    ["git_show", { repo, ref: "stash@{0}" }],
    ["git_show", { repo, ref: "HEAD~1", path: "data.dat" }],
    ["git_show", { repo, ref: "HEAD", path: "data.dat", blame: true }],
    ["git_status", { repo: join(repo, "nested") }],
    ["git_status", { repo: join(repo, "vendored") }],
    ["git_branch", { repo }],
  ];
}

/** Every kind of call that changes it on this machine. */
export function changingCalls({ repo, dir }: GitPlace): Step[] {
  return [
    ["git_stage", { repo, paths: ["b.txt"], unstage: true }],
    ["git_stage", { repo, paths: ["b.txt", "a.txt"] }],
    ["git_commit", { repo, message: "By a tool" }],
    ["git_branch", { repo, name: "made", create: true, switch: true }],
    ["git_stage", { repo, paths: ["data.dat", "new.dat"] }],
    ["git_stage", { repo, paths: ["."] }],
    ["git_commit", { repo, message: "The rest" }],
    ["git_branch", { repo, name: "feature", switch: true }],
    ["git_branch", { repo, name: "main", switch: true }],
    ["git_manage", { repo, action: "merge", name: "feature" }],
    ["git_manage", { repo, action: "merge", name: "other" }],
    ["git_manage", { repo, action: "merge", name: "made" }],
    ["git_branch", { repo, name: "made", delete: true }],
    ["git_manage", { repo, action: "tag", name: "v1", message: "One" }],
    ["write_file", { path: join(repo, "data.dat"), content: "changed\n" }],
    ["git_manage", { repo, action: "stash", message: "Away" }],
    ["git_manage", { repo, action: "unstash" }],
    ["git_manage", { repo, action: "worktree", name: "feature", folder: join(dir, "tree") }],
  ];
}

/** Every kind of call that reaches another repository, or might. */
export function reachingCalls({ repo, dir }: GitPlace): Step[] {
  return [
    ["git_status", { repo }],
    ["git_log", { repo, path: "data.dat" }],
    ["git_show", { repo, ref: "HEAD~1", path: "data.dat" }],
    ["git_diff", { repo, from: "HEAD~1", paths: ["data.dat"] }],
    ["git_branch", { repo, name: "early", create: true, from: "feature" }],
    ["git_sync", { repo, action: "fetch" }],
    ["git_sync", { repo, action: "push", branch: "early" }],
    ["git_sync", { repo, action: "push", branch: "feature", force: true }],
    ["git_sync", { repo, action: "pull" }],
    ["git_clone", { url: repo, folder: join(dir, "copy") }],
    ["git_clone", { url: join(dir, "origin.git"), folder: join(dir, "copy2") }],
  ];
}

/** All of them, those that change something last. */
export function everyCall(place: GitPlace): Step[] {
  return [...readingCalls(place), ...reachingCalls(place), ...changingCalls(place)];
}
