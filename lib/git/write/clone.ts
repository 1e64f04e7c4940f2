/**
 * Cloning into an allowed folder.
 * @module
 */
import { join } from "node:path";
import { errorText, ToolError } from "../../errors.ts";
import { showName } from "../../names.ts";
import { type Reply, text } from "../../reply.ts";
import type { Context } from "../../tool.ts";
import { redact } from "../../redact.ts";
import type { Repository } from "../types.ts";
import { withParts } from "./hooks.ts";
import { populate } from "./populate.ts";
import { reach, type Reached } from "./remote.ts";
import { tipOf } from "./refs.ts";
import { changing } from "./state.ts";
import { fetchHeads, unreachable } from "./sync.ts";

/** What `git_clone` takes. */
export interface CloneRequest {
  readonly url: string;
  readonly folder: string;
}

const REMOTE = "origin";

/** Makes a folder with a clone of another repository; nothing stays of one that fails. */
export async function clone({ url, folder }: CloneRequest, ctx: Context): Promise<Reply> {
  if (/^https?:\/\/[^\s/?#]*@|:\/\/[^\s/?#:]*:[^\s/?#]*@/i.test(url)) {
    throw new ToolError(
      `Cannot clone ${
        showName(redact(url))
      }: the address holds a password, which would stay in the repository`,
      "Give it without. The person's credential helper or ssh agent signs in.",
    );
  }
  const { files, signal } = ctx;
  await refuseTaken(folder, ctx);
  await files.createFolder(folder);
  try {
    await ctx.git.init(folder, signal);
    return await changing(folder, ctx, async (repo) => {
      const reached = await reach(repo, url, ctx);
      const head = await remoteHead(repo, reached, ctx);
      await repo.run({ name: "remote", subcommand: "add", values: [REMOTE, url] });
      await fetchHeads(repo, REMOTE, reached, ctx);
      return text([
        `Cloned ${reached.shown} into ${showName(folder)}`,
        ...await checkOut(repo, head),
      ].join("\n"));
    });
  } catch (error) {
    throw await takenAway(folder, error, ctx);
  }
}

/** Refuses a folder that has something in it. */
async function refuseTaken(folder: string, { files }: Context): Promise<void> {
  const info = await files.info(folder).catch((error) => {
    if (error instanceof ToolError) return undefined;
    throw error;
  });
  if (info === undefined) return;
  const isEmpty = info.kind === "folder" &&
    await files.withFolder(folder, async (open) => (await open.entries()).length === 0);
  if (isEmpty) return;
  throw new ToolError(
    `Cannot clone into ${showName(folder)}: something is there already`,
    `Name a new folder, such as ${showName(join(folder, "clone"))}.`,
  );
}

/** The branch that the other repository has checked out. */
async function remoteHead(repo: Repository, reached: Reached, ctx: Context): Promise<string | undefined> {
  ctx.progress(0, undefined, `Asking ${reached.shown}`);
  const output = await repo.run(withParts({
    name: "ls-remote",
    options: ["--symref", "--quiet", ...reached.uploadOptions],
    values: [reached.address, "HEAD"],
    okStatus: [0, 1, 2, 128],
  }, reached));
  if (output.status === 128) throw unreachable("clone", reached, output.stderr);
  return /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(output.stdout.toString("utf8"))?.[1];
}

/** Makes the branch of the other repository ours. @returns lines for the reply. */
async function checkOut(repo: Repository, branch: string | undefined): Promise<string[]> {
  const hash = branch === undefined ? undefined : await tipOf(repo, `${REMOTE}/${branch}`, "refs/remotes/");
  if (branch === undefined || hash === undefined) return ["It has no commits yet."];
  const head = `refs/heads/${branch}`;
  await repo.run({ name: "symbolic-ref", values: ["HEAD", head] });
  await repo.run({ name: "update-ref", values: [head, hash] });
  const [from, to] = [`refs/remotes/${REMOTE}/HEAD`, `refs/remotes/${REMOTE}/${branch}`];
  await repo.run({ name: "symbolic-ref", values: [from, to] });
  for (const [key, value] of [["remote", REMOTE], ["merge", head]]) {
    await repo.run({ name: "config", values: [`branch.${branch}.${key}`, value ?? ""] });
  }
  return [`On ${showName(branch)} at ${hash.slice(0, 12)}`, ...await populate(repo, hash)];
}

/** Takes away what was made, so that the same call can be made again. @returns the error to throw. */
async function takenAway(folder: string, error: unknown, { files }: Context): Promise<unknown> {
  try {
    // The call may be over because it was cancelled; this is to be done all the same.
    await files.remove(folder, true, new AbortController().signal);
    return error;
  } catch (reason) {
    if (!(error instanceof ToolError)) return error;
    return new ToolError(
      error.message,
      `${error.next} A part of it is still in ${showName(folder)}: ${errorText(reason)}`,
    );
  }
}
