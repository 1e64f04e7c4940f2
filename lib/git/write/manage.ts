/**
 * What is done less often: merging, putting changes away and taking them back, tags, further work trees.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { counted } from "../../format.ts";
import { showName } from "../../names.ts";
import { type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import type { Repository } from "../types.ts";
import { withParts } from "./hooks.ts";
import { merge } from "./merge.ts";
import { personOf } from "./person.ts";
import { populate } from "./populate.ts";
import { recording } from "./recorded.ts";
import { existing, refuseName } from "./refs.ts";
import { changesOf, changing, filtersOf, locking, pathLines, pathList } from "./state.ts";
import { checkTreeChange, refused, treeChanges } from "./switch.ts";

/** What `git_manage` takes. */
export interface ManageRequest {
  readonly repo: string;
  readonly action: "merge" | "stash" | "unstash" | "tag" | "worktree";
  readonly name?: string;
  readonly message?: string;
  readonly folder?: string;
}

/** Does one of them. */
export async function manage(request: ManageRequest, ctx: Context): Promise<Reply> {
  const { repo: at, action, name, message, folder } = request;
  const needed = (what: string, value: string | undefined) => {
    if (value !== undefined && value !== "") return value;
    throw new ToolError(
      `Cannot ${action}: ${what} is missing`,
      `git_manage with action "${action}" needs ${what}.`,
    );
  };
  return await changing(at, ctx, async (repo) => {
    const lines = action === "merge"
      ? await merge(repo, needed("name", name), { title: "git_manage merge", message }, ctx)
      : action === "stash"
      ? await stash(repo, message, ctx)
      : action === "unstash"
      ? await unstash(repo, name ?? "stash@{0}", ctx)
      : action === "tag"
      ? await tag(repo, needed("name", name), message, ctx)
      : await addWorkTree(repo, needed("name", name), needed("folder", folder), ctx);
    return text(lines.join("\n"));
  });
}

/** Puts the changes of tracked files away. */
async function stash(repo: Repository, message: string | undefined, ctx: Context): Promise<string[]> {
  const changes = await changesOf(repo, [], "no");
  if (changes.length === 0) {
    throw new ToolError(
      `Nothing to put away in ${showName(repo.shown)}: no file that git knows has changed`,
      "New files stay where they are; git_stage makes git know them.",
    );
  }
  const paths = changes.map(({ path }) => path);
  refusePaths(repo, "put away", paths.filter((path) => !repo.mayWrite(path)), "no tool may change");
  refusePaths(
    repo,
    "put away",
    [...(await filtersOf(repo, paths)).keys()],
    "a filter's program would have to write",
  );
  const person = personOf(repo, ctx);
  const back = 'git_manage with action "unstash" brings them back.';
  const { told } = await recording(repo, { title: "git_manage stash", paths, back }, ctx, async () => {
    const output = await locking(
      repo,
      withParts({
        name: "stash",
        subcommand: "push",
        options: ["--quiet", `--message=${message ?? "Put away"}`],
        okStatus: [0, 1, 128],
        finish: true,
      }, person),
      ctx.signal,
    );
    if (output.status !== 0) throw refused(repo, "put changes away", output.stderr);
  });
  const hash = await repo.find("stash@{0}");
  return [
    `Put the changes of ${counted(paths.length, "file")} away in ${
      showName(repo.shown)
    } as stash@{0}, the commit ${hash}`,
    ...pathLines(paths),
    ...(told.length === 0 ? [back] : told),
  ];
}

/** Brings back what was put away; it is dropped only when all of it is back. */
async function unstash(repo: Repository, name: string, ctx: Context): Promise<string[]> {
  if (!/^stash@\{\d{1,4}\}$/.test(name)) {
    throw new ToolError(
      `${showName(name)} is no stash`,
      'Stashes are called "stash@{0}" (the newest), "stash@{1}", …',
    );
  }
  const stashed = await repo.find(name);
  const base = await repo.find(`${name}^1`);
  if (stashed === undefined || base === undefined) {
    throw new ToolError(`There is no ${name} in ${showName(repo.shown)}`, "git_log lists what was put away.");
  }
  const changes = await checkTreeChange(repo, base, stashed, `bring back ${name}`);
  const [head = base] = await repo.resolve(["HEAD"]);
  // A file that has another name by now is changed under that one.
  const moved = head === base ? [] : await treeChanges(repo, base, head);
  const rewrite = {
    title: `git_manage unstash ${name}`,
    paths: [...changes, ...moved].map(({ path }) => path),
    back: `What was put away is the commit ${stashed}, which git keeps for some weeks.`,
  };
  const { result: unmerged, told } = await recording(repo, rewrite, ctx, async () => {
    const output = await locking(
      repo,
      withParts({
        name: "stash",
        subcommand: "pop",
        options: ["--quiet"],
        values: [name],
        okStatus: [0, 1, 128],
        config: [["merge.directoryRenames", "false"]],
        finish: true,
      }, personOf(repo, ctx)),
      ctx.signal,
    );
    const open = (await changesOf(repo, [], "no")).filter((change) => change.unmerged);
    if (open.length === 0 && output.status !== 0) throw refused(repo, `bring back ${name}`, output.stderr);
    return open.map(({ path }) => path);
  });
  const end = told.length === 0 ? [rewrite.back] : told;
  if (unmerged.length > 0) {
    return [
      `Brought ${name} back, with conflicts in ${pathList(unmerged)}: both versions are in these files`,
      `${name} is still kept. Edit the files until they hold what they should, then call git_stage with ` +
      `them.`,
      ...end,
    ];
  }
  return [`Brought ${name} back: ${counted(changes.length, "file")} changed on disk`, ...end];
}

/** Names the commit that is checked out. */
async function tag(
  repo: Repository,
  name: string,
  message: string | undefined,
  ctx: Context,
): Promise<string[]> {
  await refuseName(repo, name, "tag");
  const there = await repo.find(`refs/tags/${name}`);
  if (there !== undefined) {
    throw new ToolError(
      `Cannot create the tag ${showName(name)}: it exists, at ${there.slice(0, 12)}`,
      "Take another name. Only the person moves or deletes tags, by hand.",
    );
  }
  const [hash = ""] = await repo.resolve(["HEAD"]);
  const person = message === undefined ? undefined : personOf(repo, ctx);
  const annotated = message === undefined ? [] : [
    ...["--annotate", "--cleanup=whitespace", `--message=${message}`],
    person?.signsTags === true ? "--sign" : "--no-sign",
  ];
  await locking(
    repo,
    withParts(
      { name: "tag", options: annotated, values: [name, hash] },
      ...(person === undefined ? [] : [person]),
    ),
    ctx.signal,
  );
  return [`Tagged ${hash.slice(0, 12)} as ${showName(name)}`];
}

/** Adds a folder where another branch is checked out at the same time. */
async function addWorkTree(repo: Repository, name: string, folder: string, ctx: Context): Promise<string[]> {
  const hash = await existing(repo, name);
  const path = ctx.files.resolve(folder);
  const taken = await ctx.files.info(path).then(() => true, () => false);
  if (taken) {
    throw new ToolError(
      `Cannot make a work tree in ${showName(path)}: something is there`,
      "Name a new folder.",
    );
  }
  // The file layer makes it, so that it is inside and recorded; git takes an empty folder.
  await ctx.files.createFolder(path);
  try {
    await locking(repo, {
      name: "worktree",
      subcommand: "add",
      options: ["--quiet", "--no-checkout", "--no-guess-remote"],
      values: [path, name],
      finish: true,
    }, ctx.signal);
  } catch (error) {
    await ctx.files.remove(path, true, new AbortController().signal).catch(() => {});
    throw error;
  }
  const lines = await ctx.git.withRepository(path, { signal: ctx.signal, forWriting: true }, (tree) => {
    return populate(tree, hash);
  });
  return [`Made a work tree of ${showName(name)} in ${showName(path)}`, ...lines];
}

function refusePaths(repo: Repository, verb: string, paths: readonly string[], why: string): void {
  if (paths.length === 0) return;
  throw new ToolError(
    `Cannot ${verb} the changes in ${showName(repo.shown)}: ${pathList(paths)} is what ${why}`,
    "Commit these, or let the person do this by hand.",
  );
}
