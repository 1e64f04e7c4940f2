/**
 * What the tools of one configuration can reach: the file layer with its guard and journal, and the search.
 * Loaded at the first call, because at start it would cost as much time and memory as everything else
 * together.
 * @module
 */
import { realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { type Config, thisHost } from "./config.ts";
import type { Databases } from "./database/types.ts";
import { openDocuments } from "./documents/lazy.ts";
import { createFiles } from "./fs/files.ts";
import { createGuard, type Guard } from "./fs/guard.ts";
import { isInside } from "./fs/roots.ts";
import type { Changes, Files, Root } from "./fs/types.ts";
import type { Git } from "./git/types.ts";
import { createJournal } from "./journal/journal.ts";
import type { Journal } from "./journal/types.ts";
import { openMemory } from "./memory/lazy.ts";
import { createLog } from "./log.ts";
import { createPrograms } from "./programs.ts";
import { createRipgrep } from "./ripgrep.ts";
import { endStart, isCompiled } from "./runtime.ts";
import { createSearch } from "./search/engine.ts";
import type { Log, Reach } from "./tool.ts";
import { openWeb } from "./web/lazy.ts";
import type { Workers } from "./worker/pool.ts";

/** What the parts of a program share. */
export interface Shared {
  readonly log: Log;
  /** Worker processes, for what must not run in the server's own. */
  readonly workers: () => Promise<Workers>;
  /** Real paths of our own that were opened only now: they are closed to every tool from then on. */
  readonly opened: readonly string[];
}

/**
 * Makes what tools reach. Nothing is opened or written yet.
 * @param allowed The folders of the configuration, as they were opened at start.
 * @param current Those of them, or parts of them, that the client's roots leave at this moment.
 */
export async function openReach(
  config: Config,
  allowed: readonly Root[],
  current: () => readonly Root[],
  { log, workers, opened }: Shared,
): Promise<Reach> {
  const files = createFiles(current, {
    guard: await guardOf(config, opened),
    journal: journalOf(config, log),
  });
  const cacheFolder = config.folders.cache ?? join(tmpdir(), "clawhammer");
  const ripgrep = createRipgrep({
    cacheFolder,
    log,
    searchPath: outsideOf(allowed, config.searchPath),
  });
  const documents = openDocuments(cacheFolder, log, workers);
  const web = openWeb({ policy: config.web, proxy: config.proxy, cacheFolder, documents, workers, log });
  endStart();
  return {
    files,
    search: createSearch(ripgrep),
    documents,
    web,
    git: openGit(files, allowed, config.gitHooks),
    databases: openDatabases(config, workers),
    memory: openMemory(config.folders.data, log),
  };
}

/** Git, loaded at its first use. */
function openGit(files: Files, allowed: readonly Root[], hooks: boolean): Git {
  const host = thisHost();
  const load = async () => {
    const { createGit } = await import("./git/git.ts");
    return createGit({ files, host, programs: createPrograms({ host, allowed }), hooks });
  };
  let git: Promise<Git> | undefined;
  return {
    hooks,
    init: async (path, signal) => (await (git ??= load())).init(path, signal),
    withRepository: async (path, options, work) =>
      (await (git ??= load())).withRepository(path, options, work),
    discover: async (signal) => (await (git ??= load())).discover(signal),
  };
}

/** The databases, loaded at their first use. */
export function openDatabases(config: Config, workers: Shared["workers"]): Databases {
  const configs = config.databases;
  const load = async () => {
    const { createDatabases } = await import("./database/databases.ts");
    return createDatabases({ configs, host: thisHost(), workers, own: await ownPaths(config) });
  };
  let loaded: Promise<Databases> | undefined;
  const databases = () => loaded ??= load();
  return {
    all: configs.map(({ name, kind, readOnly }) => ({ name, kind, readOnly })),
    tables: async (...args) => (await databases()).tables(...args),
    describe: async (...args) => (await databases()).describe(...args),
    query: async (...args) => (await databases()).query(...args),
    change: async (...args) => (await databases()).change(...args),
  };
}

/**
 * The recorded changes, for the person at the shell. Each is shown and taken back in the folder that was
 * allowed when it was made, whatever is allowed now: it is the person who asks, and nothing outside of that
 * folder is touched. What is protected stays so.
 */
export async function openChanges(config: Config): Promise<Changes> {
  const log = createLog({ folder: config.folders.logs, level: config.logLevel });
  const journal = journalOf(config, log);
  const roots = (await journal.roots()).map((path) => ({ real: path, given: path, readOnly: false }));
  return createFiles(roots, { guard: await guardOf(config), journal }).changes;
}

async function guardOf(config: Config, opened: readonly string[] = []): Promise<Guard> {
  const { protect, unprotect } = config;
  return createGuard({ protect, unprotect, own: await ownPaths(config), opened });
}

function journalOf({ folders }: Config, log: Log): Journal {
  const folder = folders.data === undefined ? undefined : join(folders.data, "journal");
  return createJournal({ folder, warn: (message) => log.warn(message) });
}

/**
 * What is Clawhammer's own and closed to every tool: its folders, its configuration, its executable. Each
 * both as the entry itself and as what it leads to, because it may be a link.
 */
async function ownPaths({ folders, file, toolsDir }: Config): Promise<string[]> {
  const executable = isCompiled() ? process.execPath : undefined;
  const paths = [...Object.values(folders), toolsDir?.path, file, executable].filter((path) =>
    path !== undefined
  );
  const real = await Promise.all(paths.map(async (path) => {
    return [await realPath(path), join(await realPath(dirname(path)), basename(path))];
  }));
  return [...new Set(real.flat())];
}

/** The part of PATH where no tool can put a program: what stands in an allowed folder is not run. */
function outsideOf(roots: readonly Root[], searchPath = ""): string {
  const isAllowed = (folder: string) =>
    roots.some((root) => isInside(folder, root.real) || isInside(folder, root.given));
  return searchPath.split(delimiter).filter((folder) => !isAllowed(folder)).join(delimiter);
}

/** The real path of what may not exist yet: as far as it exists, links are resolved. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPath(parent), basename(path));
  }
}
