/**
 * Files of the work tree that git rewrites, in the journal of changes.
 * @module
 */
import { showName } from "../../names.ts";
import type { Context } from "../../tool.ts";
import type { Repository } from "../types.ts";

/** What is going to be done to the files. */
export interface Rewrite {
  /** As the list of changes shows it: `git_branch switch main`. */
  readonly title: string;
  /** Every path below the top that may change. */
  readonly paths: readonly string[];
  /** How to go back with git itself, as a sentence. */
  readonly back: string;
}

/** Runs what rewrites files, recorded like any other change. @returns also lines for the reply. */
export async function recording<T>(
  repo: Repository,
  { title, paths, back }: Rewrite,
  ctx: Context,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly told: readonly string[] }> {
  const change = { top: repo.top, paths: [...new Set(paths)], title };
  const { result, id, unrecorded } = await ctx.files.recorded(change, ctx.signal, work);
  if (unrecorded !== undefined) {
    return {
      result,
      told: [`Not recorded for undo_change, because it is too much (${unrecorded}). ${back}`],
    };
  }
  const told = `Recorded as change ${id}: undo_change puts the files back, and nothing else. ${back}`;
  return { result, told: id === undefined ? [] : [told] };
}

/** How to go back to where HEAD was. */
export function backTo(branch: string | undefined, head: string | undefined): string {
  if (branch !== undefined) {
    const at = head === undefined ? "" : ` (at ${head.slice(0, 12)})`;
    return `To go back with git: git_branch with switch and name ${showName(branch)}${at}.`;
  }
  return head === undefined
    ? ""
    : `HEAD was at ${head}; git_branch with create and from makes a branch of it.`;
}
