/**
 * Platforms of the file layer for the race rig: one that counts, and one that makes the usual mistake.
 * @module
 */
import { realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Located, Platform, Soon } from "../../lib/fs/platform.ts";
import { isSwapped } from "./race.ts";

/**
 * The same, and tells of every time that something is opened or looked at that is being swapped, or that is
 * reached through something that is.
 */
export function counting(platform: Platform, dir: string, count: () => void): Platform {
  const held = new Map<number, string>();
  /** Where a path leads that may begin at a held folder. */
  const placeOf = (path: string): string => {
    const [, descriptor = "", rest = ""] = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(path) ?? [];
    return descriptor === "" ? path : (held.get(Number(descriptor)) ?? "") + rest;
  };
  const note = (path: string) => {
    if (isSwapped(relative(dir, placeOf(path)))) count();
  };
  const { openPlain, statusAt } = platform;
  return {
    ...platform,
    ...(openPlain === undefined ? {} : {
      // What it leaves to the common way is counted there.
      openPlain: (path) => {
        const plain = openPlain(path);
        if (plain !== undefined) note(path);
        return plain;
      },
    }),
    ...(statusAt === undefined ? {} : {
      statusAt: (folder, name) => {
        const status = statusAt(folder, name);
        if (status !== undefined) note(`/proc/self/fd/${folder}/${name}`);
        return status;
      },
    }),
    locate(path, follow) {
      note(path);
      const hold = (located: Located): Located => {
        held.set(located.descriptor, located.real ?? "");
        return located;
      };
      const located = platform.locate(path, follow);
      return located instanceof Promise ? located.then(hold) : hold(located);
    },
    lstat(path) {
      note(path);
      return platform.lstat(path);
    },
  };
}

/**
 * The control: the real path is asked for by name, judged, and then used by name, as most programs do. All
 * else is the same.
 */
export function checkedByName(platform: Platform): Platform {
  const { openPlain: _, statusAt: __, ...common } = platform;
  return {
    ...common,
    locate(path, follow): Soon<Located> {
      const real = follow ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
      const located = platform.locate(path, follow);
      return located instanceof Promise
        ? located.then((found) => ({ ...found, real }))
        : { ...located, real };
    },
    at: (_descriptor, real, name) => join(real, name),
    processPath: (_descriptor, real) => real,
  };
}
