/**
 * What the platform can say about an open descriptor. The one place to extend for another platform.
 *
 * Linux: `/proc/self/fd/N` names the file the kernel really opened, and `/proc/self/fd/N/name` is a child of
 * exactly that folder, whatever has been renamed or swapped meanwhile.
 * Elsewhere (macOS, Windows, Deno): the path is resolved again and must lead to the same device and inode. A
 * folder swapped twice within microseconds could pass that; docs name it.
 * @module
 */
import { type BigIntStats, readlinkSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasSystemDescriptors } from "../runtime.ts";

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
  const real = await realpath(opened);
  const again = await stat(real, { bigint: true });
  return again.dev === stats.dev && again.ino === stats.ino ? real : undefined;
}

/** A path that leads to the entry `name` of the open folder. An empty name leads to the folder itself. */
export function childPath(descriptor: number, real: string, name: string): string {
  return hasSystemDescriptors() ? join(`/proc/self/fd/${descriptor}`, name) : join(real, name);
}

/** A path by which a child process can enter the open folder: its own /proc/self would be another process. */
export function processPath(descriptor: number, real: string): string {
  return hasSystemDescriptors() ? `/proc/${process.pid}/fd/${descriptor}` : real;
}
