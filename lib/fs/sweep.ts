/**
 * Taking away what a process that was killed left half made.
 * @module
 */
import { dirname } from "node:path";
import { isAlive } from "../alive.ts";
import { entriesOf, withAnchor } from "./open.ts";
import type { Space } from "./space.ts";
import { removeEntry } from "./tree.ts";
import { makerOf } from "./write.ts";

/** Removes the temporary files and folders that processes which are gone have left beside changed paths. */
export async function sweepAround(paths: readonly string[], space: Space): Promise<void> {
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    // The folder itself may be gone, and then nothing is left in it.
    await sweep(folder, space).catch(() => {});
  }
}

async function sweep(folder: string, space: Space): Promise<void> {
  await withAnchor(folder, "look at", space, async (anchor) => {
    if (anchor.root.readOnly) return;
    for (const { name } of await entriesOf(anchor)) {
      const maker = makerOf(name);
      if (maker !== undefined && !isAlive(maker)) {
        await removeEntry(anchor, name, new AbortController().signal);
      }
    }
  });
}
