/**
 * What the configuration says about a person's own tools.
 * @module
 */
import { type Folders, type Host, pathsOf } from "./host.ts";

/** The folder of user tools: the one that was named, or the usual one. */
export function toolsDirOf(
  named: string | undefined,
  { config }: Folders,
  host: Host,
): { readonly path: string; readonly named: boolean } | undefined {
  if (named !== undefined) return { path: named, named: true };
  return config === undefined ? undefined : { path: pathsOf(host).join(config, "tools"), named: false };
}

/** What almost every program needs, and what says nothing about anybody's accounts. */
const HARMLESS: readonly string[] = [
  "PATH",
  "HOME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  ...["SystemRoot", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT", "ComSpec"],
];

/**
 * The variables that are harmless or named, as far as they are set. What steers a runtime is never passed.
 */
export function variables({ env }: Host, named: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of [...HARMLESS, ...named]) {
    const value = env[name];
    if (value !== undefined && !/^(BUN_|NODE_|DENO_|LD_|DYLD_)/.test(name)) values[name] = value;
  }
  return values;
}
