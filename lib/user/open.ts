/**
 * Opens the person's own tools with the configuration of a program.
 * @module
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute } from "node:path";
import type { Config } from "../config.ts";
import {
  USER_CALLS_AT_ONCE_MAX,
  USER_CALLS_OF_FILE_MAX,
  USER_MEMORY_BYTES_MAX,
  USER_MESSAGE_BYTES_MAX,
  USER_WARM_MAX,
  USER_WARM_MS,
} from "../limits.ts";
import type { FindProgram } from "../declared/module.ts";
import type { Root } from "../fs/types.ts";
import type { Programs } from "../programs.ts";
import type { Log, Module } from "../tool.ts";
import type { Pool, Workers } from "../worker/pool.ts";
import { openCatalogue } from "./catalogue.ts";
import type { UserTools } from "./types.ts";

/**
 * Opens the tools of a folder. Nothing is looked at or started yet.
 * @param folder Its real path ({@link realFolder}), by which modules are known.
 * @param modules All modules of the program, also those that are switched off: their names are taken.
 */
export function openUserTools(
  folder: string,
  { folders, pinTools, toolsEnv }: Pick<Config, "folders" | "pinTools" | "toolsEnv">,
  modules: readonly Module[],
  { workers, log, allowed = [], isLookOnly = false }: {
    readonly workers: Workers;
    readonly log: Log;
    readonly allowed?: readonly Root[];
    /** Whether nothing is remembered of the look, and nothing trusted by it. */
    readonly isLookOnly?: boolean;
  },
): UserTools {
  const pool = openPool(workers, toolsEnv);
  const taken = takenNames(modules);
  return openCatalogue({
    folder,
    cache: folders.cache,
    data: folders.data,
    pin: pinTools,
    taken,
    pool,
    find: finder(allowed),
    log,
    isLookOnly,
  });
}

/**
 * Where a folder is that may not be there. Asked once: by another answer, what is closed to tools would not
 * be what is run.
 */
export function realFolder(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/**
 * Finds the programs of declared tools, at their first call.
 * @param allowed The folders in which nothing is a program, because tools may write there.
 */
export function finder(allowed: readonly Root[]): FindProgram {
  let programs: Promise<Programs> | undefined;
  const load = async (folders: readonly string[]) => {
    const [{ createPrograms }, { thisHost }] = await Promise.all([
      import("../programs.ts"),
      import("../config.ts"),
    ]);
    const host = thisHost();
    const env = folders.length === 0 ? host.env : { ...host.env, PATH: folders.join(delimiter) };
    return createPrograms({ host: { ...host, env }, allowed });
  };
  return async (name) => {
    if (!isAbsolute(name)) return await (await (programs ??= load([]))).find(name);
    // The same rules hold for a program that is named by its path: its folder is the only one looked in.
    const found = await (await load([dirname(name)])).find(basename(name));
    return found === name ? found : undefined;
  };
}

/** The processes of user tools. @param env Their whole environment. */
export function openPool(workers: Workers, env: Readonly<Record<string, string>>): Pool {
  return workers.pool({
    kind: "user-tools",
    label: "The process of a user tool",
    env,
    // They are the person's own programs: under Deno, too, they may do what the person may.
    permissions: ["--allow-all"],
    memoryBytesMax: USER_MEMORY_BYTES_MAX,
    frameBytesMax: USER_MESSAGE_BYTES_MAX,
    atOnceMax: USER_CALLS_AT_ONCE_MAX,
    keyAtOnceMax: USER_CALLS_OF_FILE_MAX,
    idleMax: USER_WARM_MAX,
    idleMs: USER_WARM_MS,
  });
}

/** The names of built-in tools, and of prompts as `prompt NAME`: nothing of the person's has them. */
export function takenNames(modules: readonly Module[]): ReadonlySet<string> {
  return new Set(modules.flatMap(({ tools, prompts }) => [
    ...tools.map((tool) => tool.name),
    ...prompts.map((prompt) => `prompt ${prompt.name}`),
  ]));
}
