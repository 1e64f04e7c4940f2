/**
 * Roots of the client (Model Context Protocol, `roots/list`): they narrow the allowed folders, and never
 * widen them.
 * @module
 */
import { fileURLToPath } from "node:url";
import { isInside, realOf } from "./roots.ts";
import type { Root } from "./types.ts";

/**
 * What is allowed by the person and inside the client's roots at once. A client without roots has no opinion.
 * @param allowed The folders of the command line.
 * @param uris The client's roots; only `file:` ones can mean folders here.
 */
export function narrowRoots(allowed: readonly Root[], uris: readonly string[]): readonly Root[] {
  if (uris.length === 0) return allowed;
  const narrowed = new Map<string, Root>();
  for (const given of uris.flatMap(pathOf)) {
    const real = realOf(given);
    for (const root of allowed) {
      if (isInside(root.real, real)) narrowed.set(root.real, root);
      else if (isInside(real, root.real)) {
        narrowed.set(real, { real, given, readOnly: isReadOnly(real, allowed) });
      }
    }
  }
  return [...narrowed.values()];
}

/** The innermost allowed folder decides, as it does for every path. */
function isReadOnly(real: string, allowed: readonly Root[]): boolean {
  const holders = allowed.filter((root) => isInside(real, root.real));
  return holders.sort((a, b) => b.real.length - a.real.length)[0]?.readOnly ?? true;
}

function pathOf(uri: string): string[] {
  try {
    return [fileURLToPath(uri)];
  } catch {
    return [];
  }
}
