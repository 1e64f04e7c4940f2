/**
 * What the platform can say about an open descriptor. The one place to extend for another platform.
 *
 * Linux: `/proc/self/fd/N` names the file the kernel really opened, and `/proc/self/fd/N/name` is a child of
 * exactly that folder, whatever has been renamed or swapped meanwhile.
 * Elsewhere (macOS, Windows, Deno without every permission): the path is resolved again, several times, and must
 * always lead to the same device and inode. That narrows the race of a swapped link, it does not close it.
 * @module
 */
import { type BigIntStats, readlinkSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasSystemDescriptors } from "../runtime.ts";

/** Times a path is resolved where only resolving is possible: whoever swaps links must win every one of them. */
const ROUNDS = 3;

/**
 * The real path of what `descriptor` has open, or undefined when it cannot be told for certain.
 * @param opened The path it was opened by.
 * @param stats What `fstat` says of the descriptor.
 */
export async function realPathOf(
  descriptor: number,
  opened: string,
  stats: BigIntStats,
): Promise<string | undefined> {
  if (hasSystemDescriptors()) return readlinkSync(`/proc/self/fd/${descriptor}`);
  let known: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const real = await realpath(opened);
    const again = await stat(real, { bigint: true });
    if (again.dev !== stats.dev || again.ino !== stats.ino || (known ?? real) !== real) return undefined;
    known = real;
  }
  return known;
}

/** A path that leads to the entry `name` of the open folder. An empty name leads to the folder itself. */
export function childPath(descriptor: number, real: string, name: string): string {
  return hasSystemDescriptors() ? join(`/proc/self/fd/${descriptor}`, name) : join(real, name);
}

/** A path by which a child process can enter the open folder: its own /proc/self would be another process. */
export function processPath(descriptor: number, real: string): string {
  return hasSystemDescriptors() ? `/proc/${process.pid}/fd/${descriptor}` : real;
}
