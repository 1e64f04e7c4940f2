/**
 * Seeing from the files whether an announced change happened: after a crash, and when a change failed.
 * @module
 */
import type { Change, Image } from "../journal/types.ts";
import { imageAt, locate } from "./image.ts";
import { examineProgram, type Records } from "./several.ts";
import type { Space } from "./space.ts";

/** What the files say. */
export interface Finding {
  readonly happened: boolean;
  /** What is there now, where the change made it. */
  readonly after?: Image;
  /** What `after.tree` is the digest of. */
  readonly list?: Uint8Array;
}

/**
 * Compares the files with what stood there before a change.
 * @param crashed Whether its process ended: then somebody else may have changed the files since, and what is
 *   neither as before nor as it should be now counts as happened, so that what is kept for it stays.
 */
export async function examine(
  change: Change,
  crashed: boolean,
  records: Records,
  signal: AbortSignal,
): Promise<Finding> {
  const { space } = records;
  const { action, path, destination = path, before, after } = change;
  switch (action) {
    case "write": {
      const now = (await imageAt(path, space, signal))?.digest;
      return { happened: now !== before?.digest && (crashed || now === after?.digest) };
    }
    case "delete":
      return { happened: (await imageAt(path, space, signal))?.digest !== before?.digest };
    case "create":
      return { happened: await isThere(path, space) };
    case "restore":
      return { happened: (await imageAt(path, space, signal))?.digest === after?.digest };
    case "copy": {
      const copied = await imageAt(destination, space, signal);
      return copied === undefined ? { happened: false } : { happened: true, after: copied };
    }
    case "program":
      return await examineProgram(change, records, signal);
    case "move": {
      if (!await isThere(destination, space)) return { happened: false };
      if (!await isThere(path, space)) return { happened: true };
      // A crash between giving the new name and taking the old one leaves both: nothing was lost or moved.
      const [from, to] = [await imageAt(path, space, signal), await imageAt(destination, space, signal)];
      return { happened: from?.digest !== to?.digest };
    }
  }
}

async function isThere(path: string, space: Space): Promise<boolean> {
  return (await locate(path, "look at", space, false)).info !== undefined;
}
