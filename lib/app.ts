/**
 * The application: modules and configuration become a caller. `serve`, `call` and `tools` stand on it.
 * @module
 */
import { existsSync } from "node:fs";
import { type Caller, createCaller } from "./call.ts";
import type { Config } from "./config.ts";
import { flagOf } from "./config/options.ts";
import { errorText, UsageError } from "./errors.ts";
import { type MissingRoot, openRoots } from "./fs/roots.ts";
import type { Root } from "./fs/types.ts";
import { INSTRUCTIONS_CHARS_MAX } from "./limits.ts";
import { createLog } from "./log.ts";
import { nearest } from "./nearest.ts";
import { product } from "./product.ts";
import { clip, fitLines } from "./reply.ts";
import type { Log, Module, Reach } from "./tool.ts";
import type { UserTools } from "./user/types.ts";
import type { Workers } from "./worker/pool.ts";

/** A program that is ready to be called. */
export interface App {
  readonly caller: Caller;
  readonly log: Log;
  /** The person's own tools; undefined when there is no folder for them. */
  readonly userTools: (() => Promise<UserTools>) | undefined;
  /** What the server tells the model about itself: at most INSTRUCTIONS_CHARS_MAX characters. */
  readonly instructions: string;
  /**
   * Narrows the allowed folders to the client's roots; calls wait until it has answered. Undefined when the
   * person does not want that.
   * @param ask Asks the client for its roots, as URIs.
   */
  readonly followRoots: ((ask: () => Promise<readonly string[]>) => void) | undefined;
}

/**
 * Makes the application. Opens the allowed folders and nothing else; a folder that cannot be used is left out
 * with a warning.
 * @throws {UsageError} when the configuration names a module that does not exist, or leaves none.
 */
export function createApp(modules: readonly Module[], config: Config): App {
  const folder = userFolder(config);
  const { enabled, later } = choose(modules, config, folder);
  const log = createLog({ folder: config.folders.logs, level: config.logLevel });
  const opened = openRoots(config.allow);
  for (const { path, why } of opened.missing) log.warn(`Left out the allowed folder "${path}": ${why}`);
  const { readOnly } = config;
  let roots: readonly Root[] = opened.roots;
  let narrowing: Promise<void> = Promise.resolve();
  let started: Promise<Workers> | undefined;
  const workers = () =>
    started ??= import("./worker/pool.ts").then(({ createWorkers }) => createWorkers(log));
  const own: string[] = [];
  const shared = { log, workers, opened: own };
  const open = async () => (await import("./reach.ts")).openReach(config, opened.roots, () => roots, shared);
  let reach: Promise<Reach> | undefined;
  let user: Promise<UserTools> | undefined;
  const openUser = async () => {
    const [{ finder, openPool, openUserTools, realFolder }, running] = await Promise.all([
      import("./user/open.ts"),
      workers(),
    ]);
    if (product === undefined) {
      // It may have become a link since the start, to where tools may write: what runs must not be theirs.
      const real = realFolder(folder ?? config.toolsDir?.path ?? "");
      own.push(real);
      return openUserTools(real, config, modules, { workers: running, log, allowed: opened.roots });
    }
    const { openBuiltTools } = await import("./user/built.ts");
    return openBuiltTools(product.files, openPool(running, config.toolsEnv), finder(opened.roots));
  };
  const hasOwn = product === undefined
    ? enabled.some(({ needs }) => needs === "userTools")
    : product.files.length > 0;
  const userTools = () => user ??= openUser();
  const caller = createCaller(enabled, {
    reach: async () => {
      await narrowing;
      return await (reach ??= open());
    },
    log,
    readOnly,
    ...(hasOwn || later !== undefined ? { userTools } : {}),
    ...(later && { later: { module: later, isThere: () => userFolder(config) !== undefined } }),
  });
  const narrow = async (ask: () => Promise<readonly string[]>) => {
    try {
      const { narrowRoots } = await import("./fs/narrow.ts");
      roots = narrowRoots(opened.roots, await ask());
      log.info(
        `The client's roots leave ${roots.length} folders: ${roots.map((root) => root.given).join(", ")}`,
      );
    } catch (error) {
      log.warn(
        `The client did not tell its roots, so the allowed folders stay as they are: ${errorText(error)}`,
      );
    }
  };
  return {
    caller,
    log,
    userTools: hasOwn ? userTools : undefined,
    instructions: instructionsOf(enabled, opened, readOnly),
    followRoots: config.ignoreRoots ? undefined : (ask) => {
      // One answer after the other: the last one the client gives counts.
      narrowing = narrowing.then(() => narrow(ask));
    },
  };
}

/** The modules that are offered, and the one that is offered once the folder of user tools is there. */
function choose(modules: readonly Module[], config: Config, folder: string | undefined) {
  const picked = pickModules(modules, config)
    .map((module) => ({ ...module, tools: module.tools.filter((tool) => tool.offered?.(config) ?? true) }));
  const enabled = picked
    .filter(({ needs }) => needs !== "userTools" || folder !== undefined)
    .filter(({ needs }) => needs !== "databases" || config.databases.length > 0);
  // The usual folder may be made while the program runs.
  const mayCome = product === undefined && folder === undefined && config.toolsDir !== undefined;
  return { enabled, later: mayCome ? picked.find(({ needs }) => needs === "userTools") : undefined };
}

/** The folder of the person's own tools: the one that was named, or the usual one where it exists. */
function userFolder({ toolsDir }: Config): string | undefined {
  if (toolsDir === undefined || toolsDir.named) return toolsDir?.path;
  try {
    return existsSync(toolsDir.path) ? toolsDir.path : undefined;
  } catch {
    // A runtime's sandbox forbids even to look: then it counts as absent.
    return undefined;
  }
}

/**
 * The modules that are switched on, in the order of the program.
 * @throws {UsageError} for a name that is none of theirs, and when nothing is left.
 */
export function pickModules(
  modules: readonly Module[],
  { modules: only, without }: Pick<Config, "modules" | "without">,
): readonly Module[] {
  const names = modules.map((module) => module.name);
  for (const [key, given] of [["modules", only ?? []], ["without", without]] as const) {
    const unknown = given.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const near = nearest(unknown, names, 1).map((name) => `Did you mean "${name}"? `).join("");
    throw new UsageError(
      `Unknown module "${unknown}" in ${flagOf(key)}\n${near}The modules are ${names.join(", ")}`,
    );
  }
  const enabled = modules.filter(({ name }) => (only?.includes(name) ?? true) && !without.includes(name));
  // A server of somebody's own may have none from the beginning.
  if (enabled.length > 0 || modules.length === 0) return enabled;
  throw new UsageError(
    `${flagOf("modules")} and ${flagOf("without")} leave no module\nThe modules are ${names.join(", ")}`,
  );
}

/** The instructions: which folders, then each module's paragraph, as far as they fit. */
export function instructionsOf(
  modules: readonly Module[],
  { roots, missing }: { readonly roots: readonly Root[]; readonly missing: readonly MissingRoot[] },
  readOnly: boolean,
): string {
  const usesFolders = modules.some((module) => module.tools.some((tool) => tool.paths.length > 0));
  const left = missing.map(({ path, why }) => `${path} (${why})`);
  const paragraphs = [
    ...(readOnly ? ["Read-only: every tool that changes something is switched off."] : []),
    ...(usesFolders ? [allowed(roots)] : []),
    ...(usesFolders && left.length > 0 ? [`Allowed, but not available now: ${listing(left)}.`] : []),
    ...modules.map((module) => module.instructions),
  ];
  return fitLines(paragraphs, INSTRUCTIONS_CHARS_MAX).join("\n").slice(0, INSTRUCTIONS_CHARS_MAX);
}

function allowed(roots: readonly Root[]): string {
  if (roots.length > 0) {
    return `Allowed folders: ${
      listing(roots.map((root) => root.given + (root.readOnly ? " (read-only)" : "")))
    }.`;
  }
  return "No folder is allowed yet, so tools that take a path refuse. The person can allow one by adding " +
    '"--allow", "/path/to/folder" to the "args" of clawhammer in claude_desktop_config.json.';
}

/** Names in a few hundred characters: the model is told how many are not shown. */
function listing(names: readonly string[]): string {
  const shown = fitLines(names, 400);
  const more = names.length - shown.length;
  return shown.map((name) => clip(name, 300)).join(", ") + (more > 0 ? `, and ${more} more` : "");
}
