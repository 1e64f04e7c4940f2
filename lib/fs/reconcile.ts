/**
 * Closing the entries of changes whose process has ended, from what the files say.
 * @module
 */
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Change } from "../journal/types.ts";
import { examine } from "./examine.ts";
import { isInside } from "./roots.ts";
import { keptStandings, type Records } from "./several.ts";
import type { Space } from "./space.ts";
import { sweepAround } from "./sweep.ts";
import { withPlace } from "./write.ts";

/**
 * Removes those of some folders that are empty, innermost first; they were made for something that is gone.
 */
export async function removeEmptyFolders(folders: readonly string[], space: Space): Promise<void> {
  for (const folder of folders.toReversed()) {
    try {
      await withPlace(
        folder,
        "delete",
        space,
        { followLeaf: false },
        (anchor, name) => rmdir(anchor.at(name)),
      );
    } catch {
      // Something is in it by now, or it was never made; one above it may still be empty.
    }
  }
}

/**
 * Closes the entries of processes that ended in the middle of a change, as far as their files may be looked
 * at.
 */
export async function reconcile(shop: Records): Promise<void> {
  const { space, journal } = shop;
  for (const change of await journal.unfinished()) {
    if (!isVisible(change, space)) continue;
    try {
      const { happened, after, list } = await examine(change, true, shop, new AbortController().signal);
      await sweepAround(await pathsOf(change, journal), space);
      if (!happened) await removeEmptyFolders(change.folders, space);
      await journal.close(change, happened, after, list);
    } catch {
      // Its files cannot be looked at now; somebody will try again.
    }
  }
}

/** The paths at which a change may have made something. */
async function pathsOf(change: Change, journal: Records["journal"]): Promise<string[]> {
  const { action, path, destination = path } = change;
  if (action !== "program") return [path, destination];
  return (await keptStandings(change.before, journal) ?? []).map((each) => join(path, each.path));
}

/** Whether a change is about nothing but what is inside the allowed folders. */
export function isVisible({ path, destination = path }: Change, { roots }: Space): boolean {
  return [path, destination].every((each) => roots.some((root) => isInside(each, root.real)));
}
