/**
 * The settings of repositories that were read a moment ago: reading them takes a process of its own, as long
 * as many a command. They are read again when a file that holds them has changed.
 * @module
 */
import { join } from "node:path";
import type { Host } from "../config/host.ts";
import { GIT_SETTINGS_KEPT_MAX, GIT_SETTINGS_MS } from "../limits.ts";
import type { Disk } from "./disk.ts";
import type { Located } from "./locate.ts";
import type { Setting } from "./types.ts";

/** Gives the settings of a repository: those in memory, unless they are old or fresh ones are asked for. */
export type SettingsMemory = (
  located: Located,
  disk: Disk,
  fresh: boolean,
  read: () => Promise<Setting[]>,
) => Promise<Setting[]>;

/** Makes an empty memory. */
export function createSettingsMemory({ home, env }: Host): SettingsMemory {
  const kept = new Map<
    string,
    { readonly state: string; readonly at: number; readonly settings: Setting[] }
  >();
  const own = home === undefined ? [] : [join(home, ".gitconfig"), join(home, ".config/git/config")];
  const personal = env.XDG_CONFIG_HOME === undefined
    ? own
    : [...own, join(env.XDG_CONFIG_HOME, "git/config")];
  return async ({ gitDir, commonDir }, disk, fresh, read) => {
    // Taken before they are read: what changes meanwhile counts as changed.
    const files = [join(commonDir, "config"), join(gitDir, "config.worktree"), ...personal];
    const state = (await Promise.all(files.map((file) => disk.state(file)))).join("|");
    const known = kept.get(gitDir);
    // Files that the person's configuration includes are not known here, so it is never kept for long.
    const isOld = known === undefined || known.state !== state ||
      performance.now() - known.at > GIT_SETTINGS_MS;
    if (!fresh && !isOld) return known.settings;
    const settings = await read();
    kept.delete(gitDir);
    kept.set(gitDir, { state, at: performance.now(), settings });
    const [oldest] = kept.keys();
    if (kept.size > GIT_SETTINGS_KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return settings;
  };
}
